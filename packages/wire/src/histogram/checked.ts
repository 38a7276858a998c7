/** Histograms as they came become values, or are refused with the reasons that Prometheus gives (model/histogram). */
import { type Labels, WireError } from '../batch.ts';
import { METRIC_NAME } from '../labels.ts';
import {
  CUSTOM_SCHEMA,
  type HistogramBuckets,
  MAX_SCHEMA,
  MIN_SCHEMA,
  MOST_BUCKETS,
  type NativeHistogram,
  NO_BOUNDS,
  NO_BUCKETS,
  populated,
} from './histogram.ts';
import type { HistogramMessage, SpannedBuckets } from './message.ts';
import { reduced } from './resolution.ts';

/** Exponential schemas that are reserved: finer ones than MAX_SCHEMA are taken with less resolution. */
const FINEST_SCHEMA = 52;

const INVALID_SCHEMA = `histogram has an invalid schema, which must be between ${MIN_SCHEMA} and ${MAX_SCHEMA} for exponential buckets, or ${CUSTOM_SCHEMA} for custom buckets`;

/** A series as it is written in PromQL, cut where it is long: for messages. */
export function seriesText(labels: Labels): string {
  const pairs = [...labels].filter(([name]) => name !== METRIC_NAME);
  const text = pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
  const whole = `${labels.get(METRIC_NAME) ?? ''}${text === '' ? '' : `{${text}}`}`;
  return whole.length > 200 ? `${whole.slice(0, 200)}…` : whole;
}

/** The histogram that a message says. @throws WireError where it is none; the reason does not name the series. */
export function checkedHistogram(message: HistogramMessage): NativeHistogram {
  const { schema, isFloat } = message;
  const isCustom = schema === CUSTOM_SCHEMA;
  if (!isCustom && (schema < MIN_SCHEMA || schema > FINEST_SCHEMA)) {
    throw new WireError(`${INVALID_SCHEMA}, got schema ${schema}`);
  }
  if (isCustom) checkCustom(message);
  else if (message.customBounds.length > 0) {
    throw new WireError('histogram with exponential schema must not have custom bounds');
  }
  const positive = sideOf(message.positive, isFloat, isCustom ? 'custom buckets' : 'positive side');
  const negative = isCustom ? NO_SIDE : sideOf(message.negative, isFloat, 'negative side');
  if (isCustom && positive.end > message.customBounds.length + 1) {
    throw new WireError(
      `custom buckets: only ${message.customBounds.length} custom bounds defined which is insufficient to cover total span length of ${positive.end}: histogram custom bounds are too few`,
    );
  }
  checkCounts(message, positive.total + negative.total);
  const histogram: NativeHistogram = {
    ...(isFloat ? {} : { isInteger: true }),
    schema,
    count: message.count,
    sum: message.sum,
    zeroThreshold: message.zeroThreshold,
    zeroCount: message.zeroCount,
    positive: positive.buckets,
    negative: negative.buckets,
    bounds: isCustom ? Float64Array.from(message.customBounds) : NO_BOUNDS,
    resetHint: message.resetHint,
  };
  return schema > MAX_SCHEMA ? reduced(histogram, MAX_SCHEMA) : histogram;
}

interface Side {
  readonly buckets: HistogramBuckets;
  readonly total: number;
  /** One more than the index of the last bucket that its spans name. */
  readonly end: number;
}

const NO_SIDE: Side = { buckets: NO_BUCKETS, total: 0, end: 0 };

function sideOf({ spans, deltas, counts }: SpannedBuckets, isFloat: boolean, where: string): Side {
  const given = isFloat ? counts : deltas;
  let spanned = 0;
  for (let s = 0; s < spans.length; s += 2) {
    if ((s > 0 || where === 'custom buckets') && spans[s]! < 0) {
      throw new WireError(
        `${where}: span number ${s / 2 + 1} with offset ${spans[s]}: histogram has a span whose offset is negative`,
      );
    }
    spanned += spans[s + 1]!;
  }
  if (spanned !== given.length) {
    throw new WireError(
      `${where}: spans need ${spanned} buckets, have ${given.length} buckets: histogram spans specify different number of buckets than provided`,
    );
  }
  if (spanned > MOST_BUCKETS) throw new WireError(`${where}: ${spanned} buckets, at most ${MOST_BUCKETS} are taken`);
  const indexes: number[] = [];
  let index = 0;
  for (let s = 0; s < spans.length; s += 2) {
    index += spans[s]!;
    for (let left = spans[s + 1]!; left > 0; left--) indexes.push(index++);
  }
  if (indexes.length > 0 && (indexes[0]! < -(2 ** 31) || indexes.at(-1)! >= 2 ** 31)) {
    throw new WireError(`${where}: a bucket with index ${indexes.at(-1)} is beyond all numbers`);
  }
  const absolute = isFloat ? counts : absoluteOf(deltas);
  let total = 0;
  for (const [i, count] of absolute.entries()) {
    if (count < 0) {
      throw new WireError(
        `${where}: bucket number ${i + 1} has observation count of ${count}: histogram has a bucket whose observation count is negative`,
      );
    }
    total += count;
  }
  return { buckets: populated(indexes, absolute), total, end: index };
}

function absoluteOf(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => {
    count += delta;
    return count;
  });
}

/**
 * An integer histogram has counted what is in its buckets; observations of NaN are in none of them, so that there may then be
 * less. Of a float one the counts may be sums with what floating point loses, so that only their sign is looked at.
 */
function checkCounts({ isFloat, count, sum, zeroCount }: HistogramMessage, inBuckets: number): void {
  if (isFloat) {
    if (zeroCount < 0) {
      throw new WireError(
        `zero bucket has observation count of ${zeroCount}: histogram has a bucket whose observation count is negative`,
      );
    }
    if (count < 0) {
      throw new WireError(`observation count is ${count}: histogram's observation count is negative`);
    }
    return;
  }
  const found = inBuckets + zeroCount;
  if (Number.isNaN(sum) ? found <= count : found === count) return;
  const should = Number.isNaN(sum)
    ? 'should be at least the number of observations found in the buckets'
    : 'should equal the number of observations found in the buckets (in absence of NaN)';
  throw new WireError(
    `${found} observations found in buckets, but the Count field is ${count}: histogram's observation count ${should}`,
  );
}

function checkCustom({ customBounds, zeroCount, zeroThreshold, negative }: HistogramMessage): void {
  const fault = customFault(customBounds);
  if (fault !== '') throw new WireError(`custom buckets: ${fault}`);
  if (zeroCount !== 0) throw new WireError('custom buckets: must have zero count of 0');
  if (zeroThreshold !== 0) throw new WireError('custom buckets: must have zero threshold of 0');
  if (negative.spans.length > 0) throw new WireError('custom buckets: must not have negative spans');
  if (negative.deltas.length > 0 || negative.counts.length > 0) {
    throw new WireError('custom buckets: must not have negative buckets');
  }
}

function customFault(bounds: readonly number[]): string {
  for (let i = 0; i < bounds.length; i++) {
    if (Number.isNaN(bounds[i])) return 'histogram custom bounds must not be NaN';
    if (i > 0 && bounds[i]! <= bounds[i - 1]!) {
      return `previous bound is ${bounds[i - 1]} and current is ${bounds[i]}: histogram custom bounds must be in strictly increasing order`;
    }
  }
  if (bounds.at(-1) !== Infinity) return '';
  return 'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite';
}
