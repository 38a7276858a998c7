/**
 * Severity names and OpenTelemetry's numbers, after the log data model and its appendix B for syslog's names
 * (https://opentelemetry.io/docs/specs/otel/logs/data-model/).
 */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['trace', 1],
  ['trc', 1],
  ['finest', 1],
  ['finer', 1],
  ['verbose', 5],
  ['fine', 5],
  ['silly', 1],
  ['debug', 5],
  ['dbg', 5],
  ['config', 9],
  ['info', 9],
  ['inf', 9],
  ['information', 9],
  ['informational', 9],
  ['log', 9],
  ['notice', 10],
  ['warn', 13],
  ['wrn', 13],
  ['warning', 13],
  ['error', 17],
  ['err', 17],
  ['severe', 17],
  ['critical', 18],
  ['crit', 18],
  ['alert', 19],
  ['fatal', 21],
  ['ftl', 21],
  ['panic', 21],
  ['emerg', 21],
  ['emergency', 21],
]);

const NUMBERED = /^(trace|debug|info|warn|error|fatal)([1-4])$/;

/** OpenTelemetry's severity number (1–24) for a name as loggers write it (`WARN`, `error`, `INFO2`); 0 where unknown. */
export function severityOf(text: string): number {
  const name = text.trim().toLowerCase();
  const known = NUMBERS.get(name);
  if (known !== undefined) return known;
  const numbered = NUMBERED.exec(name);
  return numbered ? NUMBERS.get(numbered[1]!)! + Number(numbered[2]) - 1 : 0;
}
