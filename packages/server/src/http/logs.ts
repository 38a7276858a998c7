import type { LogRecord } from '@nightshift/wire';
import type { FastifyInstance } from 'fastify';
import type { LogEntry } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { LogQuery } from '../store/store.ts';
import type { HttpDeps } from './deps.ts';
import { choice, onlyKnown, type Parameters, single, timeRange, traceId, wholeNumber } from './parameters.ts';

const known = ['start', 'end', 'service', 'severity', 'q', 'attr', 'trace', 'limit', 'order'];
const orders = { newest: 'newest', desc: 'newest', oldest: 'oldest', asc: 'oldest' } as const;
/** Least number of each named severity: OpenTelemetry logs data model, "Field: SeverityNumber". */
const severities: ReadonlyMap<string, number> = new Map([
  ['trace', 1],
  ['debug', 5],
  ['info', 9],
  ['warn', 13],
  ['error', 17],
  ['fatal', 21],
]);

function severity(parameters: Parameters): number {
  const named = severities.get(single(parameters, 'severity')?.toLowerCase() ?? '');
  return named ?? wholeNumber(parameters, 'severity', { least: 0, most: 24, fallback: 0 });
}

function attributes(parameters: Parameters): ReadonlyMap<string, string> {
  const pairs = [parameters.attr ?? []].flat().filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)] as const;
      throw new NightshiftError('PARAMETER_INVALID', {
        name: 'attr',
        reason: `${JSON.stringify(pair)} is not key=value.`,
      });
    }),
  );
}

/** The search that the parameters ask for. Throws PARAMETER_INVALID. */
export function logQuery(query: unknown, now: number): LogQuery {
  const parameters = onlyKnown(query, known);
  const service = single(parameters, 'service');
  const trace = single(parameters, 'trace');
  const words = (single(parameters, 'q') ?? '').split(/\s+/).filter((word) => word !== '');
  const minSeverity = severity(parameters);
  const equal = attributes(parameters);
  return {
    ...timeRange(parameters, now),
    limit: wholeNumber(parameters, 'limit', { least: 1, most: 5000, fallback: 500 }),
    order: choice(parameters, 'order', orders, 'newest'),
    ...(service !== undefined && { service }),
    ...(minSeverity > 0 && { minSeverity }),
    ...(words.length > 0 && { words }),
    ...(equal.size > 0 && { attributes: equal }),
    ...(trace !== undefined && { traceId: traceId(trace, 'trace') }),
  };
}

/** A record's own attributes win over its resource's. */
export const logEntry = (record: LogRecord): LogEntry => ({
  at: Number(record.timeUnixNano / 1_000_000n),
  timeUnixNano: String(record.timeUnixNano),
  service: record.resource.service,
  version: record.resource.version,
  severity: record.severity,
  severityText: record.severityText,
  body: record.body,
  traceId: record.traceId,
  spanId: record.spanId,
  attributes: Object.fromEntries([...record.resource.attributes, ...record.attributes]),
});

export function logRoutes(app: FastifyInstance, { store, now }: HttpDeps): void {
  app.get('/api/v1/logs', { config: { right: 'read' } }, async (request): Promise<{ logs: LogEntry[] }> => {
    const records = await store.searchLogs(logQuery(request.query, now()), request.signal);
    return { logs: records.map(logEntry) };
  });
}
