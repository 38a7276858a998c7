import type { FloatHistogram } from '../histogram/histogram.ts';
import { compareLabels, identity, withoutMetadata } from '../labels.ts';
import type { MatrixSeries } from '../result/result.ts';
import { PromqlExecutionError } from './errors.ts';
import { interpolate } from './interpolation.ts';
import type { RangeSeries, RangeVector } from './selector.ts';

/** The samples of the only window of a range vector, as the answer of an instant query; in order of labels. */
export function windowContents(ranges: RangeVector): MatrixSeries[] {
  const contents = Array.from(ranges.series, (series) => ({
    labels: series.dropName ? withoutMetadata(series.labels) : series.labels,
    ...(ranges.extension ? extended(series, ranges) : within(series, ranges)),
  }))
    .filter(({ timestamps }) => timestamps.length > 0)
    .sort((a, b) => compareLabels(a.labels, b.labels));
  return joined(contents);
}

type Samples = Omit<MatrixSeries, 'labels'>;

function within({ timestamps, values, histograms }: RangeSeries, { references, range }: RangeVector): Samples {
  const end = references[0]!;
  const from = firstIndex(timestamps, (time) => time > end - range);
  const to = firstIndex(timestamps, (time) => time > end);
  return slice({ timestamps, values, ...(histograms ? { histograms } : {}) }, from, to);
}

function slice({ timestamps, values, histograms }: Samples, from: number, to: number): Samples {
  return {
    timestamps: timestamps.slice(from, to),
    values: values.slice(from, to),
    ...(histograms ? { histograms: histograms.slice(from, to) } : {}),
  };
}

function firstIndex(timestamps: Float64Array, test: (time: number) => boolean): number {
  const index = timestamps.findIndex(test);
  return index < 0 ? timestamps.length : index;
}

/**
 * Of an `anchored` or `smoothed` range: a sample at each end, taken from beyond the range or interpolated, and those between
 * (promql/engine.go, extendFloats). @throws PromqlExecutionError for histograms
 */
function extended(series: RangeSeries, { extension, references, range, before, after }: RangeVector): Samples {
  const end = references[0]!;
  const start = end - range;
  const from = firstIndex(series.timestamps, (time) => time > start - before);
  const to = firstIndex(series.timestamps, (time) => time > end + after);
  if (series.histograms?.slice(from, to).some((each) => each !== undefined)) {
    throw new PromqlExecutionError(`${extension} modifier is not supported with histograms`);
  }
  const { timestamps, values } = slice({ timestamps: series.timestamps, values: series.values }, from, to);
  const most = timestamps.length - 1;
  const reached = extension === 'smoothed' ? firstIndex(timestamps, (time) => time >= end) : most;
  const last = Math.min(most, reached);
  if (last < 0 || timestamps[last]! <= start) return { timestamps: new Float64Array(), values: new Float64Array() };
  const first = Math.max(
    0,
    Math.min(
      most,
      firstIndex(timestamps, (time) => time > start),
    ) - 1,
  );
  const valueAt = (at: number, left: number) =>
    interpolate(values[left]!, values[left + 1]!, { from: timestamps[left]!, to: timestamps[left + 1]!, at }, false);
  const isSmoothed = extension === 'smoothed';
  const left = isSmoothed && timestamps[first]! < start ? valueAt(start, first) : values[first]!;
  const right = isSmoothed && last > 0 && timestamps[last]! > end ? valueAt(end, last - 1) : values[last]!;
  const inner = [timestamps[first]! <= start ? first + 1 : first, timestamps[last]! >= end ? last : last + 1] as const;
  return {
    timestamps: Float64Array.of(start, ...timestamps.slice(...inner), end),
    values: Float64Array.of(left, ...values.slice(...inner), right),
  };
}

/** Series that became the same when their names were dropped, as one. @throws PromqlExecutionError if two have a sample at one time */
function joined(all: readonly MatrixSeries[]): MatrixSeries[] {
  const byLabels = new Map<string, MatrixSeries>();
  for (const series of all) {
    const key = identity(series.labels);
    const known = byLabels.get(key);
    byLabels.set(key, known ? join(known, series) : series);
  }
  return [...byLabels.values()];
}

function join(a: MatrixSeries, b: MatrixSeries): MatrixSeries {
  const samples = [a, b]
    .flatMap(({ timestamps, values, histograms }) =>
      Array.from(timestamps, (time, i) => ({ time, value: values[i]!, histogram: histograms?.[i] })),
    )
    .sort((left, right) => left.time - right.time);
  if (samples.some(({ time }, i) => time === samples[i + 1]?.time)) {
    throw new PromqlExecutionError('vector cannot contain metrics with the same labelset');
  }
  const histograms: (FloatHistogram | undefined)[] = samples.map(({ histogram }) => histogram);
  return {
    labels: a.labels,
    timestamps: Float64Array.from(samples, ({ time }) => time),
    values: Float64Array.from(samples, ({ value }) => value),
    ...(a.histograms || b.histograms ? { histograms } : {}),
  };
}
