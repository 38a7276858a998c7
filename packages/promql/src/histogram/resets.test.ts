import { expect, it } from 'vitest';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type FloatHistogram } from './histogram.ts';
import { isReset } from './resets.ts';

function histogram(parts: Partial<FloatHistogram>, positive: Record<number, number> = {}): FloatHistogram {
  const indexes = Int32Array.from(Object.keys(positive), Number).sort();
  const counts = Float64Array.from(indexes, (index) => positive[index]!);
  return { ...EMPTY_HISTOGRAM, ...parts, positive: { indexes, counts } };
}

const bounds = (...values: number[]) => ({ schema: CUSTOM_SCHEMA, bounds: Float64Array.from(values) });

it.each<[string, boolean, FloatHistogram, FloatHistogram]>([
  ['the hint says so', true, histogram({ count: 5, resetHint: 'reset' }), histogram({ count: 1 })],
  ['the hint says not', false, histogram({ count: 1, resetHint: 'not_reset' }), histogram({ count: 5 })],
  ['a smaller count', true, histogram({ count: 1 }), histogram({ count: 2 })],
  ['a smaller count of a gauge', true, histogram({ count: 1, resetHint: 'gauge' }), histogram({ count: 2 })],
  ['a smaller sum', false, histogram({ sum: 1 }), histogram({ sum: 2 })],
  ['a smaller bucket', true, histogram({ count: 9 }, { 1: 2, 2: 7 }), histogram({ count: 8 }, { 1: 3, 2: 5 })],
  ['a bucket that went', true, histogram({ count: 9 }, { 2: 9 }), histogram({ count: 8 }, { 1: 1, 2: 7 })],
  ['a new bucket', false, histogram({ count: 9 }, { 1: 2, 2: 7 }), histogram({ count: 7 }, { 2: 7 })],
  ['a higher resolution', true, histogram({ schema: 1 }), histogram({ schema: 0 })],
  ['a lower resolution', false, histogram({ schema: 0 }, { 1: 5 }), histogram({ schema: 1 }, { 1: 2, 2: 3 })],
  ['a lower one that lacks', true, histogram({ schema: 0 }, { 1: 4 }), histogram({ schema: 1 }, { 1: 2, 2: 3 })],
  ['a smaller zero count', true, histogram({ zeroCount: 1 }), histogram({ zeroCount: 2 })],
  ['a smaller zero bucket', true, histogram({ zeroThreshold: 1 }), histogram({ zeroThreshold: 2 })],
  ['a wider zero bucket', false, histogram({ zeroThreshold: 2, zeroCount: 5 }), histogram({ zeroCount: 2 }, { 1: 3 })],
  [
    'a wider one that lacks',
    true,
    histogram({ zeroThreshold: 2, zeroCount: 4 }),
    histogram({ zeroCount: 2 }, { 1: 3 }),
  ],
  ['a zero bucket that cuts another', true, histogram({ zeroThreshold: 1.5, zeroCount: 9 }), histogram({}, { 1: 3 })],
  ['custom after exponential', true, histogram(bounds(1)), histogram({})],
  ['exponential after custom', true, histogram({}), histogram(bounds(1))],
  ['other bounds, all risen', false, histogram(bounds(1, 2), { 0: 1, 1: 2 }), histogram(bounds(2, 3), { 0: 3 })],
  ['other bounds, one fallen', true, histogram(bounds(1, 2), { 0: 1, 1: 2 }), histogram(bounds(2, 3), { 0: 4 })],
  ['other bounds, the last fallen', true, histogram(bounds(1, 2), { 1: 2 }), histogram(bounds(2, 3), { 1: 1, 2: 2 })],
])('%s: %s', (_, expected, current, previous) => {
  expect(isReset(current, previous)).toBe(expected);
});
