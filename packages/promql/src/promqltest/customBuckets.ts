import { type Buckets, CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type FloatHistogram } from '../histogram/histogram.ts';
import { identity, withLabel } from '../labels.ts';
import type { Labels } from '../source.ts';
import { NotationError, type SeriesLine } from './series.ts';

/** What the series `x_bucket`, `x_count` and `x_sum` say of one moment. */
interface Classic {
  /** Upper bound to cumulative count. */
  readonly buckets: Map<number, number>;
  count?: number;
  sum: number;
}

const PART = /^(.*)_(bucket|count|sum)$/;

/**
 * The classic histograms among the series as native ones with custom buckets, at the same places
 * (`load_with_nhcb`; prometheus util/convertnhcb).
 * @throws NotationError if counts are negative, not cumulative or at odds with each other.
 */
export function toCustomBuckets(all: readonly SeriesLine[]): SeriesLine[] {
  const found = new Map<string, { labels: Labels; moments: Map<number, Classic> }>();
  for (const { labels, points } of all) {
    const [, name, part] = PART.exec(labels.get('__name__') ?? '') ?? [];
    if (name === undefined) continue;
    const bound = part === 'bucket' ? boundOf(labels.get('le')) : undefined;
    if (part === 'bucket' && bound === undefined) continue;
    const base = withLabel(withLabel(labels, 'le', ''), '__name__', name);
    const entry = found.get(identity(base)) ?? { labels: base, moments: new Map<number, Classic>() };
    found.set(identity(base), entry);
    points.forEach((point, i) => {
      if (typeof point !== 'number') return;
      const moment: Classic = entry.moments.get(i) ?? { buckets: new Map(), sum: 0 };
      entry.moments.set(i, moment);
      if (bound !== undefined) moment.buckets.set(bound, point);
      else if (part === 'count') moment.count = point;
      else moment.sum = point;
    });
  }
  return Array.from(found.values(), ({ labels, moments }) => {
    const points = new Array<SeriesLine['points'][number]>(Math.max(0, ...moments.keys()) + 1).fill('gap');
    for (const [i, moment] of moments) points[i] = { histogram: convert(moment), hintStated: false };
    return { labels, points };
  });
}

function boundOf(text: string | undefined): number | undefined {
  if (text === undefined) throw new NotationError('a series of buckets needs the label le');
  const bound = Number(text.replace(/inf$/i, 'Infinity'));
  return Number.isNaN(bound) ? undefined : bound;
}

function convert({ buckets, count, sum }: Classic): FloatHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY) sorted.push([Number.POSITIVE_INFINITY, total]);
  if (sorted.at(-1)![1] !== total) throw new NotationError('the count is not that of the last bucket');
  const bounds = Float64Array.from(sorted.slice(0, -1), ([bound]) => bound);
  return { ...EMPTY_HISTOGRAM, schema: CUSTOM_SCHEMA, count: total, sum, bounds, positive: sparse(sorted) };
}

function sparse(cumulative: readonly (readonly [number, number])[]): Buckets {
  const indexes: number[] = [];
  const counts: number[] = [];
  let before = 0;
  cumulative.forEach(([bound, count], i) => {
    if (count < before) throw new NotationError(`the count of le="${bound}" is not cumulative: ${count} < ${before}`);
    if (count > before) {
      indexes.push(i);
      counts.push(count - before);
    }
    before = count;
  });
  return { indexes: Int32Array.from(indexes), counts: Float64Array.from(counts) };
}
