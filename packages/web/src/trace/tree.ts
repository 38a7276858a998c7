import type { SpanEntry } from '@nightshift/server/api';

/** One row of a waterfall: offsets and durations in milliseconds from the start of the trace. */
export interface Row {
  span: SpanEntry;
  depth: number;
  offsetMs: number;
  durationMs: number;
  /** The span names a parent that is not among the spans. */
  orphan: boolean;
}

export interface Tree {
  rows: Row[];
  totalMs: number;
  startMs: number;
}

const nanos = (text: string): bigint => (/^\d{1,20}$/.test(text) ? BigInt(text) : 0n);
const NANOS_PER_MS = 1e6;

/**
 * Spans depth first, siblings by start. Every span appears exactly once: a span with an unknown parent stands at the
 * root, and a circle of parents is cut at its earliest span.
 */
export function traceTree(spans: readonly SpanEntry[]): Tree {
  const sorted = [...spans].sort((a, b) => compare(nanos(a.startUnixNano), nanos(b.startUnixNano)));
  const first = sorted.length === 0 ? 0n : nanos(sorted[0]!.startUnixNano);
  const ids = new Set(sorted.map((span) => span.spanId));
  const children = new Map<string, SpanEntry[]>();
  const isRoot = (span: SpanEntry) =>
    span.parentSpanId === '' || span.parentSpanId === span.spanId || !ids.has(span.parentSpanId);
  for (const span of sorted) {
    if (isRoot(span)) continue;
    const siblings = children.get(span.parentSpanId);
    if (siblings) siblings.push(span);
    else children.set(span.parentSpanId, [span]);
  }
  const rows: Row[] = [];
  const seen = new Set<SpanEntry>();
  const visit = (root: SpanEntry) => {
    const stack: { span: SpanEntry; depth: number }[] = [{ span: root, depth: 0 }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      rows.push(rowOf(span, depth, first, depth === 0 && span.parentSpanId !== '' && !ids.has(span.parentSpanId)));
      const below = children.get(span.spanId) ?? [];
      for (let index = below.length - 1; index >= 0; index--) stack.push({ span: below[index]!, depth: depth + 1 });
    }
  };
  for (const span of sorted) if (isRoot(span)) visit(span);
  for (const span of sorted) visit(span);
  const totalMs = rows.reduce((end, row) => Math.max(end, row.offsetMs + row.durationMs), 0);
  return { rows, totalMs, startMs: Number(first / 1_000_000n) };
}

function rowOf(span: SpanEntry, depth: number, first: bigint, orphan: boolean): Row {
  const start = nanos(span.startUnixNano);
  const length = nanos(span.endUnixNano) - start;
  return {
    span,
    depth,
    offsetMs: Number(start - first) / NANOS_PER_MS,
    durationMs: length > 0n ? Number(length) / NANOS_PER_MS : 0,
    orphan,
  };
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
