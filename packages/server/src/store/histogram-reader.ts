/** Native histograms from the head and the engine, put among the floats of their series. */
import type { SelectBudget, SelectRequest, SeriesData } from '@nightshift/promql';
import type { NativeHistogram } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import type { Head } from './head.ts';
import { engineHistogramSeries, engineHistograms, type HistogramColumns } from './histogram-engine.ts';
import { bytesOfHistogram, HistogramDecoder } from './histogram-payload.ts';
import { wordsOf } from './sample-columns.ts';
import type { Series } from './series-index.ts';

/** The histograms of a request, of which the head's part was read already. */
export interface PendingHistograms {
  /** The same series with their histograms, and those that have nothing but histograms, in order of labels. */
  among(floats: readonly SeriesData[]): Promise<readonly SeriesData[]>;
}

export class HistogramReader {
  /** Numbers of series that ever had one: most requests are for none of them, and cost nothing here. */
  private readonly known = new Set<number>();
  private readonly decoder = new HistogramDecoder();

  constructor(
    private readonly engine: Engine,
    private readonly head: Head,
  ) {}

  /** The series with that number has, or may have, histograms. */
  note(series: number): void {
    this.known.add(series);
  }

  /** Reads the head; to be called before anything is awaited. Undefined where no series has any. */
  begin(
    matched: readonly Series[],
    { start, end, signal }: Pick<SelectRequest, 'start' | 'end' | 'signal'>,
    budget: SelectBudget,
  ): PendingHistograms | undefined {
    const wanted = this.having(matched);
    if (wanted.length === 0) return undefined;
    const cut = this.head.coveredFrom;
    const newer = new Map<bigint, HistogramColumns>();
    for (const { id, number } of wanted) {
      const found = this.newer(number, Math.max(start, cut), end, budget);
      if (found) newer.set(id, found);
    }
    return {
      among: async (floats) => {
        const last = Math.min(end, cut - 1);
        const older =
          start >= cut ? undefined : await engineHistograms(this.engine, wanted, start, last, signal, budget);
        return merged(matched, floats, (id) => joined(older?.get(id), newer.get(id)));
      },
    };
  }

  /** Whether one of the series has histograms, or may have. */
  has(series: readonly Series[]): boolean {
    return this.known.size > 0 && series.some(({ number }) => this.known.has(number));
  }

  private having(matched: readonly Series[]): Series[] {
    return this.known.size === 0 ? [] : matched.filter(({ number }) => this.known.has(number));
  }

  private newer(series: number, start: number, end: number, budget: SelectBudget): HistogramColumns | undefined {
    const found = this.head.histograms.read(series, start, end);
    if (!found) return undefined;
    const histograms: NativeHistogram[] = [];
    for (const payload of found.payloads) {
      const histogram = this.decoder.decode(payload);
      budget.samples(1, bytesOfHistogram(histogram));
      histograms.push(histogram);
    }
    return { timestamps: [...found.timestamps], histograms };
  }

  /** Which of the series have a histogram in the engine with start <= t <= end. */
  async inEngine(series: readonly Series[], start: number, end: number, signal?: AbortSignal): Promise<Set<bigint>> {
    return engineHistogramSeries(this.engine, this.having(series), start, end, signal);
  }
}

function joined(a: HistogramColumns | undefined, b: HistogramColumns | undefined): HistogramColumns | undefined {
  if (!a || !b) return a ?? b;
  return { timestamps: [...a.timestamps, ...b.timestamps], histograms: [...a.histograms, ...b.histograms] };
}

/** Both are in the order of the series that matched; those without a sample are left out. */
function merged(
  matched: readonly Series[],
  floats: readonly SeriesData[],
  histogramsOf: (id: bigint) => HistogramColumns | undefined,
): SeriesData[] {
  const all: SeriesData[] = [];
  let next = 0;
  for (const { id, labels } of matched) {
    const own = floats[next]?.labels === labels ? floats[next++] : undefined;
    const histograms = histogramsOf(id);
    if (histograms) all.push({ labels, ...mergedSamples(own, histograms) });
    else if (own) all.push(own);
  }
  return all;
}

/** In order of time; where there are both at one time, the histogram counts. */
export function mergedSamples(
  floats: Pick<SeriesData, 'timestamps' | 'values'> | undefined,
  { timestamps: times, histograms: natives }: HistogramColumns,
): Pick<SeriesData, 'timestamps' | 'values' | 'histograms'> {
  if (!floats) {
    return { timestamps: Float64Array.from(times), values: new Float64Array(times.length), histograms: natives };
  }
  const most = floats.timestamps.length + times.length;
  const timestamps = new Float64Array(most);
  const values = new Float64Array(most);
  const [from, to] = [wordsOf(floats.values), wordsOf(values)];
  const histograms: (NativeHistogram | undefined)[] = [];
  let i = 0;
  for (let j = 0; i < floats.timestamps.length || j < times.length; ) {
    const [float = Number.POSITIVE_INFINITY, native = Number.POSITIVE_INFINITY] = [floats.timestamps[i], times[j]];
    const n = histograms.length;
    timestamps[n] = Math.min(float, native);
    if (native <= float) histograms.push(natives[j++]);
    else {
      to[2 * n] = from[2 * i]!;
      to[2 * n + 1] = from[2 * i + 1]!;
      histograms.push(undefined);
    }
    if (float <= native) i++;
  }
  const count = histograms.length;
  return { timestamps: timestamps.subarray(0, count), values: values.subarray(0, count), histograms };
}
