import { type HistogramBuckets, MIN_SCHEMA, type NativeHistogram, NO_BUCKETS } from './histogram.ts';
import { reduced, withAtMostBuckets } from './resolution.ts';

/** What both have counted, at the lower of their resolutions and with at most `mostBuckets`. Both are exponential, of one zero threshold. */
export function addedHistograms(a: NativeHistogram, b: NativeHistogram, mostBuckets: number): NativeHistogram {
  const schema = Math.min(a.schema, b.schema);
  const [left, right] = [reduced(a, schema), reduced(b, schema)];
  const sum: NativeHistogram = {
    ...left,
    count: left.count + right.count,
    sum: left.sum + right.sum,
    zeroCount: left.zeroCount + right.zeroCount,
    positive: addedBuckets(left.positive, right.positive),
    negative: addedBuckets(left.negative, right.negative),
  };
  return withAtMostBuckets(sum, mostBuckets) ?? reduced(sum, MIN_SCHEMA);
}

function addedBuckets(a: HistogramBuckets, b: HistogramBuckets): HistogramBuckets {
  if (b.indexes.length === 0) return a;
  if (a.indexes.length === 0) return b;
  const indexes: number[] = [];
  const counts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const [left = Infinity, right = Infinity] = [a.indexes[i], b.indexes[j]];
    indexes.push(Math.min(left, right));
    counts.push((left <= right ? a.counts[i++]! : 0) + (right <= left ? b.counts[j++]! : 0));
  }
  return { indexes: Int32Array.from(indexes), counts: Float64Array.from(counts) };
}

/** The same layout with nothing counted. */
export function emptied(histogram: NativeHistogram): NativeHistogram {
  return { ...histogram, count: 0, sum: 0, zeroCount: 0, positive: NO_BUCKETS, negative: NO_BUCKETS };
}
