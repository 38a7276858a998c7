import type { Buckets, FloatHistogram, ResetHint } from '../histogram/histogram.ts';

/**
 * The reset hint that Prometheus' storage returns for a histogram appended after `previous` (undefined if a float, a
 * stale marker or nothing is before it): within a chunk there is no reset, and of a chunk's first histogram nothing is
 * known (prometheus tsdb/chunkenc/float_histogram.go).
 */
export function storedHint(current: FloatHistogram, previous: FloatHistogram | undefined): ResetHint {
  if (current.resetHint === 'gauge') return 'gauge';
  if (current.resetHint === 'reset' || !previous || previous.resetHint === 'gauge') return 'unknown';
  return continues(current, previous) ? 'not_reset' : 'unknown';
}

function continues(current: FloatHistogram, previous: FloatHistogram): boolean {
  return (
    current.schema === previous.schema &&
    current.zeroThreshold === previous.zeroThreshold &&
    sameBounds(current.bounds, previous.bounds) &&
    !(current.count < previous.count) &&
    !(current.zeroCount < previous.zeroCount) &&
    !shrinks(current.positive, previous.positive) &&
    !shrinks(current.negative, previous.negative)
  );
}

function sameBounds(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function shrinks(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  return previous.indexes.some((index, i) => {
    while (at < current.indexes.length && current.indexes[at]! < index) at++;
    const count = current.indexes[at] === index ? current.counts[at]! : 0;
    return count < previous.counts[i]!;
  });
}
