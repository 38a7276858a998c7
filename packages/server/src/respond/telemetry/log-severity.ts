import { isStackLine } from '../evidence/stack-line.ts';

/** OpenTelemetry severity numbers. */
const SEVERITIES: Record<string, number> = {
  trace: 1,
  debug: 5,
  info: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  fatal: 21,
  critical: 21,
  panic: 21,
};
const WORD = /^\W*(?:[\d:.,TZ+\-/[\]\s]*)\W*(trace|debug|info|notice|warn(?:ing)?|error|fatal|critical|panic)\b/i;
const LOGFMT = /\b(?:level|severity|lvl)=["']?(\w+)/i;
const LOOKS_LIKE_ERROR = /\b\w*(?:Error|Exception)\b|\bpanic:|\bfatal\b|^Traceback|\bECONN\w+|\bunhandled\b/i;

export interface LineFields {
  readonly severity: number;
  readonly severityText: string;
  readonly traceId: string;
  readonly spanId: string;
}

const TRACE_ID = /\btrace[_-]?id["']?\s*[=:]\s*["']?([0-9a-f]{32})\b/i;
const SPAN_ID = /\bspan[_-]?id["']?\s*[=:]\s*["']?([0-9a-f]{16})\b/i;
const TRACEPARENT = /\b00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\b/;

/**
 * What a line of output says about itself: the level from JSON (pino's numbers or a word), from `level=`, or from a word
 * near its start; else standard error counts as an error only where it looks like one, and everything else is info.
 */
export function lineFields(text: string, stream: 1 | 2): LineFields {
  const severity = jsonSeverity(text) ?? wordSeverity(text) ?? (stream === 2 && looksLikeError(text) ? 17 : 9);
  const parent = TRACEPARENT.exec(text);
  return {
    severity,
    severityText: severityName(severity),
    traceId: (TRACE_ID.exec(text)?.[1] ?? parent?.[1] ?? '').toLowerCase(),
    spanId: (SPAN_ID.exec(text)?.[1] ?? parent?.[2] ?? '').toLowerCase(),
  };
}

function looksLikeError(text: string): boolean {
  return LOOKS_LIKE_ERROR.test(text) || isStackLine(text);
}

function jsonSeverity(text: string): number | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { level, severity } = JSON.parse(text) as { level?: unknown; severity?: unknown };
    const value = level ?? severity;
    // pino counts 10 trace, 20 debug … 60 fatal; OpenTelemetry 1, 5 … 21.
    if (typeof value === 'number') return Math.min(21, Math.max(1, Math.floor(value / 10) * 4 - 3));
    return typeof value === 'string' ? SEVERITIES[value.toLowerCase()] : undefined;
  } catch {
    return undefined;
  }
}

function wordSeverity(text: string): number | undefined {
  const word = LOGFMT.exec(text)?.[1] ?? WORD.exec(text)?.[1];
  return word === undefined ? undefined : SEVERITIES[word.toLowerCase()];
}

function severityName(severity: number): string {
  return ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][Math.floor((severity - 1) / 4)] ?? 'INFO';
}
