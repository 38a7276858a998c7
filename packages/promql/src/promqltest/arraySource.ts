import { staleMarkers } from '../engine/staleness.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { identity } from '../labels.ts';
import { compileMatchers } from '../matchers/compile.ts';
import type { Labels, SelectRequest, SeriesData, SeriesSource } from '../source.ts';
import { toCustomBuckets } from './customBuckets.ts';
import type { LoadedSeries } from './script.ts';
import type { Point } from './series.ts';
import { storedHint } from './storedHints.ts';

interface Sample {
  readonly time: number;
  readonly point: Exclude<Point, 'gap'>;
  /** Unix milliseconds, 0 if unknown. */
  readonly start: number;
}

/** The data that a script has loaded. */
export class ArraySource implements SeriesSource {
  private readonly samples = new Map<string, { labels: Labels; at: Map<number, Sample> }>();
  private built: readonly SeriesData[] | undefined;

  /** Adds points at 0, `interval`, …; a later point replaces an earlier one at the same time. @throws NotationError */
  load(interval: number, series: readonly LoadedSeries[], withCustomBuckets = false): void {
    for (const each of series) this.add(each, interval);
    if (withCustomBuckets) for (const each of toCustomBuckets(series)) this.add(each, interval);
    this.built = undefined;
  }

  /** Everything there is, each series in ascending order of time. */
  get all(): readonly SeriesData[] {
    this.built ??= Array.from(this.samples.values(), ({ labels, at }) =>
      toData(
        labels,
        [...at.values()].sort((a, b) => a.time - b.time),
      ),
    ).filter(({ timestamps }) => timestamps.length > 0);
    return this.built;
  }

  async select({ matchers, start, end }: SelectRequest): Promise<SeriesData[]> {
    const matches = compileMatchers(matchers);
    return this.all
      .filter(({ labels }) => matches(labels))
      .map((series) => between(series, start, end))
      .filter(({ timestamps }) => timestamps.length > 0);
  }

  private add({ labels, points, startOffsets }: LoadedSeries, interval: number): void {
    const key = identity(labels);
    const known = this.samples.get(key) ?? { labels, at: new Map<number, Sample>() };
    this.samples.set(key, known);
    points.forEach((point, i) => {
      if (point === 'gap') return;
      const offset = startOffsets?.[i];
      const time = i * interval;
      known.at.set(time, { time, point, start: typeof offset === 'number' ? time + offset : 0 });
    });
  }
}

function toData(labels: Labels, samples: readonly Sample[]): SeriesData {
  const marker = staleMarkers();
  const values = new Float64Array(samples.length);
  const histograms = new Array<FloatHistogram | undefined>(samples.length);
  let previous: FloatHistogram | undefined;
  samples.forEach(({ point }, i) => {
    if (typeof point === 'object') {
      histograms[i] = { ...point.histogram, resetHint: storedHint(point.histogram, previous) };
      previous = histograms[i];
      return;
    }
    previous = undefined;
    if (point === 'stale') values.set(marker, i);
    else values[i] = point;
  });
  return {
    labels,
    timestamps: Float64Array.from(samples, ({ time }) => time),
    values,
    ...(samples.some(({ point }) => typeof point === 'object') ? { histograms } : {}),
    ...(samples.some(({ start }) => start !== 0)
      ? { startTimestamps: Float64Array.from(samples, ({ start }) => start) }
      : {}),
  };
}

function between(series: SeriesData, start: number, end: number): SeriesData {
  const { labels, timestamps, values, histograms, startTimestamps } = series;
  const first = timestamps.findIndex((time) => time >= start);
  const from = first < 0 ? timestamps.length : first;
  const to = timestamps.findLastIndex((time) => time <= end) + 1;
  return {
    labels,
    timestamps: timestamps.slice(from, to),
    values: values.slice(from, to),
    ...(histograms ? { histograms: histograms.slice(from, to) } : {}),
    ...(startTimestamps ? { startTimestamps: startTimestamps.slice(from, to) } : {}),
  };
}
