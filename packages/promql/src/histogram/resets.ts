import { bucketsUpTo } from './bounds.ts';
import { commonBounds, customTargets, reduceBuckets, sameBounds } from './buckets.ts';
import { CUSTOM_SCHEMA, type FloatHistogram } from './histogram.ts';
import { widenZeroBucket } from './zeroBucket.ts';

/**
 * Whether the counter was reset between two histograms that follow each other: the hint decides if it is one, else that
 * any count is smaller than before or the layout changed in a way that only a reset allows (float_histogram.go, DetectReset).
 */
export function isReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.resetHint === 'reset') return true;
  if (current.resetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (current.schema > previous.schema) return true;
  if (current.schema === CUSTOM_SCHEMA) return customReset(current, previous);
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const before = widenZeroBucket(previous, current.zeroThreshold);
  // The new threshold is inside a bucket that was populated.
  if (before.zeroThreshold !== current.zeroThreshold) return true;
  if (current.zeroCount < before.zeroCount) return true;
  return sideReset('positive', current, previous) || sideReset('negative', current, previous);
}

function sideReset(side: 'positive' | 'negative', current: FloatHistogram, previous: FloatHistogram): boolean {
  const { schema, zeroThreshold } = current;
  const now = current[side];
  const before = reduceBuckets(previous[side], previous.schema - schema);
  let i = bucketsUpTo(now, schema, zeroThreshold);
  for (let j = bucketsUpTo(before, schema, zeroThreshold); j < before.indexes.length; j++) {
    const index = before.indexes[j]!;
    while (i < now.indexes.length && now.indexes[i]! < index) i++;
    if (now.indexes[i] !== index || now.counts[i]! < before.counts[j]!) return true;
  }
  return false;
}

function customReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (previous.schema !== CUSTOM_SCHEMA) return true;
  if (sameBounds(current.bounds, previous.bounds)) return sideReset('positive', current, previous);
  const common = commonBounds(current.bounds, previous.bounds);
  const now = countsWithin(current, common);
  const before = countsWithin(previous, common);
  return now.some((count, i) => count < before[i]!);
}

/** The counts of a custom histogram between the bounds in `common`, all of which are its own. */
function countsWithin({ positive, bounds }: FloatHistogram, common: Float64Array): Float64Array {
  const counts = new Float64Array(common.length + 1);
  const targets = customTargets(positive.indexes, bounds, common);
  for (let i = 0; i < targets.length; i++) counts[targets[i]!]! += positive.counts[i]!;
  return counts;
}
