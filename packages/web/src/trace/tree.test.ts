import type { SpanEntry } from '@nightshift/server/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceTree } from './tree.ts';

const span = (spanId: string, parentSpanId: string, start: number, end: number): SpanEntry => ({
  traceId: 't',
  spanId,
  parentSpanId,
  service: 's',
  version: '',
  name: spanId,
  kind: 'internal',
  startUnixNano: `${1_700_000_000n * 1_000_000_000n + BigInt(start)}`,
  endUnixNano: `${1_700_000_000n * 1_000_000_000n + BigInt(end)}`,
  status: 'unset',
  statusMessage: '',
  attributes: {},
  events: [],
});

test('children stand below their parent, siblings by start, with offsets in milliseconds', () => {
  const { rows, totalMs } = traceTree([
    span('c', 'a', 3e6, 4e6),
    span('a', '', 0, 5e6),
    span('b', 'a', 1e6, 2e6),
    span('d', 'b', 1_500_000, 6e6),
  ]);
  expect(rows.map((row) => [row.span.spanId, row.depth, row.offsetMs, row.durationMs])).toEqual([
    ['a', 0, 0, 5],
    ['b', 1, 1, 1],
    ['d', 2, 1.5, 4.5],
    ['c', 1, 3, 1],
  ]);
  expect(totalMs).toBe(6);
});

test('a span whose parent is not stored stands at the root and says so', () => {
  expect(traceTree([span('a', 'gone', 0, 1)]).rows).toMatchObject([{ depth: 0, orphan: true }]);
});

test('whatever the parents are, every span stands there exactly once', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(ids, ids, fc.nat(9), fc.nat(9)), { maxLength: 12 }), (some) => {
      const spans = some.map(([id, parent, start, end]) => span(id, parent, start, end));
      const { rows } = traceTree(spans);
      expect(new Set(rows.map((row) => row.span))).toEqual(new Set(spans));
      expect(rows.length).toBe(spans.length);
      expect(rows.every((row) => row.offsetMs >= 0 && row.durationMs >= 0)).toBe(true);
    }),
  );
});
