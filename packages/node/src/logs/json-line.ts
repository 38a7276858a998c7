import type { LogContent } from './record.ts';
import { attributesOf, textOf } from './shown.ts';

/** Longer ones are pushed as their beginning, without attributes. */
const MOST_LINE = 16 * 1024;

/**
 * A line of JSON, as a logger writes it after its own redaction, read when it is pushed. `message` names the field of the
 * body, `without` those that the record has already.
 */
export function contentOfLine(line: string, message: string, without: ReadonlySet<string>) {
  if (line.length > MOST_LINE) return { body: line.slice(0, MOST_LINE), attributes: {} };
  return (): LogContent => {
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      // A hook may write anything.
    }
    if (typeof record !== 'object' || record === null) return { body: line.trimEnd(), attributes: {} };
    const body = (record as Record<string, unknown>)[message];
    const skipped = new Set([...without, message]);
    return { body: body === undefined ? '' : textOf(body), attributes: attributesOf(record, skipped) };
  };
}
