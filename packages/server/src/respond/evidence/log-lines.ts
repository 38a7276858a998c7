import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { LogRecord } from '@nightshift/wire';
import type { LogStore } from '../../store/store.ts';
import { lineFields } from '../telemetry/log-severity.ts';
import type { LogLine } from './excerpt.ts';

const MOST = 5_000;

/** What a release wrote to its output, from the gateway's own events: it does not need the engine, and is complete. */
export function outputLines(events: readonly GatewayEvent[]): LogLine[] {
  return events
    .flatMap((event) => (event.kind === 'log' ? event.lines : []))
    .map(({ at, stream, text }) => ({ at, severity: lineFields(text, stream).severity, text }));
}

/**
 * Log records that the version sent by other ways (OTLP, Loki), oldest first. Those that came from the gateway are left
 * out by their `nightshift.seq`, so that no line stands twice.
 */
export async function sentLines(
  store: Pick<LogStore, 'searchLogs'>,
  { service, version, start, end }: { service: string; version: string; start: number; end: number },
): Promise<LogLine[]> {
  const records = await store.searchLogs({ service, start, end, limit: MOST, order: 'oldest' });
  return records
    .filter((record) => record.resource.version === version && !record.attributes.has('nightshift.seq'))
    .flatMap(linesOf);
}

function linesOf({ body, severity, timeUnixNano }: LogRecord): LogLine[] {
  return body.split('\n').map((text) => ({ at: Number(timeUnixNano / 1_000_000n), severity, text }));
}

/** Both together in time order; lines of equal time keep their order. The last 5,000. */
export function mergeLines(a: readonly LogLine[], b: readonly LogLine[]): LogLine[] {
  return [...a, ...b].sort((x, y) => x.at - y.at).slice(-MOST);
}
