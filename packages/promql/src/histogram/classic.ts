import { formatGeneral } from '../result/numbers.ts';
import { populated } from './buckets.ts';
import { CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS } from './histogram.ts';

/** A classic histogram that is none. The messages are those of Prometheus (util/convertnhcb). */
export class ClassicHistogramError extends Error {
  override readonly name = 'ClassicHistogramError';
}

/**
 * The histogram with custom buckets that a classic one is.
 * @param upperBounds `le` of the buckets in any order; of equal ones the first counts; +Inf may be missing
 * @param cumulativeCounts as many as bounds
 * @param count observations; if undefined, those of the highest bucket
 * @throws ClassicHistogramError if a bound is NaN or counts are negative, not cumulative or not equal to `count`
 */
export function toCustomHistogram(
  upperBounds: ArrayLike<number>,
  cumulativeCounts: ArrayLike<number>,
  sum: number,
  count?: number,
): FloatHistogram {
  const order = ascending(upperBounds, cumulativeCounts);
  if (count !== undefined && count < 0) {
    throw new ClassicHistogramError(`count must be non-negative: count=${formatGeneral(count)}`);
  }
  const last = order.at(-1);
  const total = count ?? (last === undefined ? 0 : cumulativeCounts[last]!);
  const bounds = order.map((at) => upperBounds[at]!);
  const cumulative = order.map((at) => cumulativeCounts[at]!);
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) bounds.pop();
  else cumulative.push(total);
  const counts = Float64Array.from(cumulative, (here, i) => here - (i === 0 ? 0 : cumulative[i - 1]!));
  checkTotal(total, cumulative);
  return {
    schema: CUSTOM_SCHEMA,
    count: total,
    sum,
    zeroThreshold: 0,
    zeroCount: 0,
    positive: populated(
      Int32Array.from(counts, (_, i) => i),
      counts,
    ),
    negative: NO_BUCKETS,
    bounds: Float64Array.from(bounds),
    resetHint: 'unknown',
  };
}

/** Places of the bounds in ascending order, each bound once. */
function ascending(upperBounds: ArrayLike<number>, counts: ArrayLike<number>): number[] {
  const order: number[] = [];
  for (let at = 0; at < upperBounds.length; at++) {
    const bound = upperBounds[at]!;
    const here = counts[at]!;
    if (Number.isNaN(bound)) throw new ClassicHistogramError('bucket boundary must not be NaN');
    if (here < 0) {
      const found = `le=${formatGeneral(bound)}, count=${formatGeneral(here)}`;
      throw new ClassicHistogramError(`bucket count must be non-negative: ${found}`);
    }
    const next = order.findIndex((other) => upperBounds[other]! >= bound);
    const to = next < 0 ? order.length : next;
    if (next >= 0 && upperBounds[order[next]!] === bound) continue;
    if (to > 0) checkCumulative(here, '<', counts[order[to - 1]!]!);
    if (next >= 0) checkCumulative(here, '>', counts[order[next]!]!);
    order.splice(to, 0, at);
  }
  return order;
}

function checkCumulative(count: number, wrong: '<' | '>', neighbour: number): void {
  if (wrong === '<' ? count < neighbour : count > neighbour) {
    const relation = `${formatGeneral(count)} ${wrong} ${formatGeneral(neighbour)}`;
    throw new ClassicHistogramError(`count is not cumulative: ${relation}`);
  }
}

function checkTotal(total: number, cumulative: readonly number[]): void {
  const highest = cumulative.at(-1)!;
  if (total === highest) return;
  const written = Number.isInteger(total) && cumulative.every(Number.isInteger) ? String(total) : formatGeneral(total);
  throw new ClassicHistogramError(`count mismatch: count=${written} != le=+Inf count=${formatGeneral(highest)}`);
}
