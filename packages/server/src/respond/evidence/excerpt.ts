import type { ExcerptLine } from '../../api/api.ts';
import { isStackLine } from './stack-line.ts';

/** A line of a log window in its order; `severity` is OpenTelemetry's number. */
export interface LogLine {
  readonly at: number;
  readonly severity: number;
  readonly text: string;
}

/**
 * What `grep -i -C 3 error | nl | sort -u -k2,2 | sort -n` is meant to do: every line with "error" in any case and `context`
 * lines on both sides, numbered by its place in the window, repetitions removed, in order. Better than the pipe in two
 * ways: lines that differ only in a leading time or in ids are repetitions of the first, and a stack trace stays together
 * with the line above it (both are kept, and repeated, as one). `gapBefore.lines` counts all lines left out since the line
 * before; `repetitions` are those among them that were left out as repeated.
 */
export function errorExcerpt(lines: readonly LogLine[], { context }: { context: number }): ExcerptLine[] {
  const blocks = stackBlocks(lines);
  const selected = selectWithContext(lines, blocks, context);
  const seen = new Set<string>();
  const excerpt: ExcerptLine[] = [];
  let left = { lines: 0, repetitions: 0 };
  for (const [start, end] of blocks) {
    if (!selected[start]) {
      left.lines += end - start;
      continue;
    }
    const key = lines
      .slice(start, end)
      .map(({ text }) => comparable(text))
      .join('\n');
    if (seen.has(key)) {
      left = { lines: left.lines + end - start, repetitions: left.repetitions + end - start };
      continue;
    }
    seen.add(key);
    for (let i = start; i < end; i++) {
      const { at, severity, text } = lines[i]!;
      excerpt.push({
        number: i + 1,
        at,
        severity,
        text,
        isError: isError(text),
        gapBefore: left.lines > 0 ? left : null,
      });
      left = { lines: 0, repetitions: 0 };
    }
  }
  return excerpt;
}

function isError(text: string): boolean {
  return /error/i.test(text);
}

/** Half-open ranges that cover all lines: a line with the stack lines below it, most often one line alone. */
function stackBlocks(lines: readonly LogLine[]): [number, number][] {
  const blocks: [number, number][] = [];
  lines.forEach(({ text }, i) => {
    const last = blocks.at(-1);
    if (last && isStackLine(text)) last[1] = i + 1;
    else blocks.push([i, i + 1]);
  });
  return blocks;
}

function selectWithContext(lines: readonly LogLine[], blocks: readonly [number, number][], context: number): boolean[] {
  const selected = lines.map(() => false);
  lines.forEach(({ text }, i) => {
    if (isError(text)) selected.fill(true, Math.max(0, i - context), i + context + 1);
  });
  for (const [start, end] of blocks) {
    if (selected.slice(start, end).includes(true)) selected.fill(true, start, end);
  }
  return selected;
}

const LEADING_TIME = /^\s*\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?\s*/;
const JSON_TIME = /("(?:time|timestamp|ts|@timestamp)"\s*:\s*)("[^"]*"|[\d.]+)/g;
const NAMED_ID = /\b((?:req|request|trace|span|correlation|session)(?:[_-]?id)?["']?\s*[=:]\s*["']?)[\w-]{2,}/gi;
const HEX_ID =
  /\b(?:0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[a-f]*\d)[0-9a-f]{8,})\b/gi;

/** The text by which two lines are compared: without its time and ids. */
export function comparable(text: string): string {
  return text
    .replace(LEADING_TIME, '')
    .replace(JSON_TIME, '$1~')
    .replace(NAMED_ID, '$1~')
    .replace(HEX_ID, '~')
    .trimEnd();
}
