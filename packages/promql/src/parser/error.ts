import type { PromqlFeatures } from '../features.ts';
import type { Span } from './ast.ts';

/** One thing that is wrong with a query, and where. */
export interface ParseIssue extends Span {
  readonly reason: string;
  /** What would have to be switched on for it. */
  readonly feature?: keyof PromqlFeatures;
}

/**
 * A query that is not PromQL. The message is Prometheus' own form, `line:column: parse error: …`, and speaks of the
 * first of the errors.
 */
export class PromqlParseError extends Error {
  override readonly name = 'PromqlParseError';
  /** Offset in the query, in UTF-16 units. */
  readonly position: number;
  /** Where the part ends that the error is about, in UTF-16 units. */
  readonly end: number;
  readonly line: number;
  /** In bytes of UTF-8, from 1, as Prometheus counts. */
  readonly column: number;
  /** The message without position. */
  readonly reason: string;
  /** What would have to be switched on for this not to be an error. */
  readonly feature: keyof PromqlFeatures | undefined;
  /** All that is wrong, in the order in which it was found; the first is this error itself. */
  readonly errors: readonly ParseIssue[];

  constructor(query: string, errors: readonly [ParseIssue, ...ParseIssue[]]) {
    const [{ reason, start, end, feature }] = errors;
    const { line, column } = placeOf(query, start);
    super(`${positionText(query, start)}: parse error: ${reason}`);
    this.reason = reason;
    this.feature = feature;
    this.position = start;
    this.end = end;
    this.line = line;
    this.column = column;
    this.errors = errors;
  }
}

/** Line and column of an offset, both from 1. */
function placeOf(query: string, position: number): { line: number; column: number } {
  const before = query.slice(0, position);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = lineStart === 0 ? 1 : before.split('\n').length;
  return { line, column: new TextEncoder().encode(before.slice(lineStart)).length + 1 };
}

/** `line:column` of an offset as Prometheus writes it, the column in bytes; an empty query has no positions. */
export function positionText(query: string, position: number): string {
  if (query === '') return 'unknown position';
  const { line, column } = placeOf(query, position);
  return `${line}:${column}`;
}
