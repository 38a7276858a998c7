/** Log records out of the engine. */
import type { LogRecord } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { nanoRange } from './nano-range.ts';
import type { LogQuery, LogStore } from './store.ts';

interface Row {
  readonly at: string;
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly severity: number;
  readonly severity_text: string;
  readonly scope: string;
  readonly body: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly record_attributes: [string, string][];
  readonly resource_attributes: [string, string][];
}

/** The map as a list of pairs: as a JSON object it would lose its order, and a key named `__proto__`. */
export const pairsOf = (map: string): string => `arrayMap(k -> [k, ${map}[k]], mapKeys(${map}))`;

/** Conditions and the parameters that fill them; no text from outside ever stands in the query itself. */
export function logConditions(query: LogQuery): { where: string; params: Record<string, unknown> } {
  const params: Record<string, unknown> = { ...nanoRange(query) };
  const where = [
    "time >= fromUnixTimestamp64Nano({start:Int64}, 'UTC')",
    "time <= fromUnixTimestamp64Nano({end:Int64}, 'UTC')",
  ];
  const add = (condition: string, more: Record<string, unknown>) => {
    where.push(condition);
    Object.assign(params, more);
  };
  if (query.service !== undefined) add('service = {service:String}', { service: query.service });
  if (query.minSeverity !== undefined) add('severity >= {severity:UInt8}', { severity: query.minSeverity });
  if (query.traceId !== undefined) add('trace_id = {trace:String}', { trace: query.traceId });
  for (const [i, word] of (query.words ?? []).entries()) {
    const token = /^[0-9A-Za-z]+$/.test(word);
    // The text index answers whole words of letters and digits; anything else is looked for as it stands.
    const test = token
      ? `hasToken(lower(body), {word${i}:String})`
      : `positionCaseInsensitiveUTF8(body, {word${i}:String}) > 0`;
    add(test, { [`word${i}`]: token ? word.toLowerCase() : word });
  }
  for (const [i, [key, value]] of [...(query.attributes ?? [])].entries()) {
    const test = (map: string) =>
      `(mapContains(${map}, {key${i}:String}) AND ${map}[{key${i}:String}] = {value${i}:String})`;
    add(`(${test('attributes')} OR ${test('resource')})`, { [`key${i}`]: key, [`value${i}`]: value });
  }
  return { where: where.join(' AND '), params };
}

export function createLogStore(engine: Engine): LogStore {
  return {
    async searchLogs(query, signal) {
      const { where, params } = logConditions(query);
      const rows = await engine.query<Row>(
        `SELECT toString(toUnixTimestamp64Nano(time)) AS at, service, version, environment, severity, severity_text,
           scope, body, trace_id, span_id, ${pairsOf('attributes')} AS record_attributes, ${pairsOf('resource')} AS resource_attributes
         FROM nightshift.logs WHERE ${where}
         ORDER BY time ${query.order === 'newest' ? 'DESC' : 'ASC'}, sequence ASC LIMIT {limit:UInt32}`,
        { ...params, limit: Math.min(query.limit, 1_000_000) },
        signal,
      );
      return rows.map(recordOf);
    },
  };
}

function recordOf(row: Row): LogRecord {
  const { service, version, environment, severity, scope, body } = row;
  return {
    resource: { service, version, environment, attributes: new Map(row.resource_attributes) },
    scope,
    timeUnixNano: BigInt(row.at),
    severity,
    severityText: row.severity_text,
    body,
    traceId: row.trace_id,
    spanId: row.span_id,
    attributes: new Map(row.record_attributes),
  };
}
