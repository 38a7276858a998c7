/** Metrics from the head and the engine, cut where the head begins. */
import {
  type Matcher,
  type RollupReader,
  type RollupRequest,
  readAll,
  type SelectBudget,
  type SelectRequest,
  type SeriesData,
  SeriesList,
  type SeriesReader,
} from '@nightshift/promql';
import type { Labels, MetricMetadata } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { DerivedHours } from './derived/derived-hours.ts';
import type { History } from './derived/history.ts';
import { type IdSpan, spanOf } from './engine-samples.ts';
import type { Head } from './head.ts';
import { ContinuedReader, HeadReader } from './head-reader.ts';
import type { HistogramReader } from './histogram-reader.ts';
import { RollupSource } from './rollup/rollup-source.ts';
import type { Series, SeriesIndex } from './series-index.ts';
import { SeriesLookup } from './series-lookup.ts';
import type { MetricStore, TimeRange } from './store.ts';

type Selectors = readonly (readonly Matcher[])[];

const sorted = (names: Iterable<string>, limit: number): string[] => [...new Set(names)].sort().slice(0, limit);

/** Samples of one answer to a caller who sets no limit of its own: about 240 MB. */
const MOST_SAMPLES = 10_000_000;

function ownBudget(): SelectBudget {
  let loaded = 0;
  return {
    series: () => {},
    samples: (count) => {
      loaded += count;
      if (loaded <= MOST_SAMPLES) return;
      throw new NightshiftError('QUERY_LIMIT', {
        reason: `more than ${MOST_SAMPLES} samples; ask for less time or fewer series`,
      });
    },
  };
}

/** Samples after which the budget is asked again. */
const BUDGET_SAMPLES = 65_536;

export class HeadAndEngine implements MetricStore {
  readonly sorted = true;
  private readonly lookup: SeriesLookup;
  private rolledUp: RollupSource | undefined;

  constructor(
    private readonly history: History,
    private readonly head: Head,
    private readonly index: SeriesIndex,
    private readonly known: ReadonlyMap<string, MetricMetadata>,
    private readonly histograms: HistogramReader,
  ) {
    this.lookup = new SeriesLookup(index);
  }

  /** From now on roll-ups are given where hours have them. */
  rollUpWith(engine: Engine, hours: Pick<DerivedHours, 'current' | 'sorted'>): void {
    this.rolledUp = new RollupSource({
      engine,
      hours,
      samples: this,
      match: (matchers) => this.lookup.match(matchers),
      spanOf: (series) => this.spanOf(series),
      haveHistograms: (series) => this.histograms.has(series),
      coveredFrom: () => this.head.coveredFrom,
    });
  }

  rollups(request: RollupRequest): RollupReader | undefined {
    return this.rolledUp?.rollups(request);
  }

  async select(request: SelectRequest): Promise<readonly SeriesData[]> {
    return readAll(await this.open(request));
  }

  async open(request: SelectRequest): Promise<SeriesReader> {
    const { matchers, budget = ownBudget() } = request;
    const matched = this.lookup.match(matchers);
    budget.series(matched.length);
    const histograms = this.histograms.begin(matched, request, budget);
    const floats = this.floats(matched, request, budget);
    return histograms ? new SeriesList(await histograms.among(readAll(await floats))) : floats;
  }

  private async floats(
    matched: readonly Series[],
    { start, end, signal }: SelectRequest,
    budget: SelectBudget,
  ): Promise<SeriesReader> {
    // The head is asked before anything is awaited: what it gives up meanwhile is not missed.
    const cut = this.head.coveredFrom;
    const newer = this.newer(matched, Math.max(start, cut), end, budget);
    if (start >= cut) return newer;
    const older = await this.history.open(matched, start, Math.min(end, cut - 1), signal, budget, () =>
      this.spanOf(matched),
    );
    return new ContinuedReader(older, newer);
  }

  /** Where the series of one metric are in the engine, if most of them are wanted. */
  private spanOf(wanted: readonly Series[]): IdSpan | undefined {
    const name = wanted[0]?.labels.get('__name__');
    if (name === undefined || !wanted.every(({ labels }) => labels.get('__name__') === name)) return undefined;
    return spanOf(wanted, this.lookup.match([{ name: '__name__', op: '=', value: name }]));
  }

  private newer(matched: readonly Series[], start: number, end: number, budget: SelectBudget): HeadReader {
    const reader = new HeadReader(start, end);
    let counted = { samples: 0, bytes: 0 };
    for (const [place, { number, labels }] of matched.entries()) {
      reader.series(labels);
      if (start <= end) this.head.collect(number, start, end, reader);
      const { samples, bytes } = reader;
      if (samples - counted.samples < BUDGET_SAMPLES && place < matched.length - 1) continue;
      budget.samples(samples - counted.samples, bytes - counted.bytes);
      counted = { samples, bytes };
    }
    return reader;
  }

  async series(
    selectors: Selectors,
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Labels[]> {
    return (await this.inRange(selectors, range, signal)).slice(0, limit).map(({ labels }) => labels);
  }

  async labelNames(
    selectors: Selectors,
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const { labels } of await this.inRange(selectors, range, signal))
      for (const name of labels.keys()) names.add(name);
    return sorted(names, limit);
  }

  async labelValues(
    name: string,
    selectors: Selectors,
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const values = new Set<string>();
    for (const { labels } of await this.inRange(selectors, range, signal)) {
      const value = labels.get(name);
      if (value !== undefined) values.add(value);
    }
    return sorted(values, limit);
  }

  async metadata(metric: string | undefined, limit: number): Promise<readonly MetricMetadata[]> {
    const one = metric === undefined ? undefined : this.known.get(metric);
    const all = metric === undefined ? [...this.known.values()] : one ? [one] : [];
    return all.slice(0, limit);
  }

  private async inRange(selectors: Selectors, { start, end }: TimeRange, signal?: AbortSignal): Promise<Series[]> {
    const [only] = selectors;
    const matched = only && selectors.length === 1 ? this.lookup.match(only) : this.index.matchAny(selectors);
    const cut = this.head.coveredFrom;
    const from = Math.max(start, cut);
    const here = from > end ? [] : matched.filter(({ number }) => this.head.has(number, from, end));
    if (start >= cut) return here;
    const known = new Set(here);
    const elsewhere = known.size === 0 ? matched : matched.filter((series) => !known.has(series));
    const older = await this.history.seriesInRange(elsewhere, start, Math.min(end, cut - 1), signal, () =>
      this.spanOf(elsewhere),
    );
    const natives = await this.histograms.inEngine(elsewhere, start, Math.min(end, cut - 1), signal);
    return matched.filter((series) => known.has(series) || older.has(series.id) || natives.has(series.id));
  }
}
