/** Roll-ups of whatever hours have them, and of the samples of the others, which are rolled up as they are read. */
import {
  type RollupColumns,
  type RollupReader,
  type RollupRequest,
  RollupRows,
  rollUp,
  type SelectBudget,
  type SeriesData,
  type SeriesRollups,
} from '@nightshift/promql';
import type { Labels } from '@nightshift/wire';
import type { Engine } from '../../engine/engine.ts';
import type { DerivedHours } from '../derived/derived-hours.ts';
import { HOUR_MS, hourOf } from '../derived/hours.ts';
import type { IdSpan } from '../engine-samples.ts';
import type { Series } from '../series-index.ts';
import type { MetricStore } from '../store.ts';
import { engineRollups } from './engine-rollups.ts';
import { RollupPool } from './rollup-pool.ts';
import { canRollUp, ROLLUP_WIDTHS, type RollupWidth } from './rollup-table.ts';

/** Below this many hours that have roll-ups, samples do as well. */
const LEAST_HOURS = 6;
/** How often reading is begun anew because roll-ups ceased to count meanwhile. */
const ATTEMPTS = 3;

export interface RollupSourceOptions {
  readonly engine: Engine;
  readonly hours: Pick<DerivedHours, 'current' | 'sorted'>;
  /** For the hours that have no roll-ups. */
  readonly samples: Pick<MetricStore, 'select'>;
  /** Series that match, in order of labels. */
  match(matchers: RollupRequest['matchers']): readonly Series[];
  spanOf(series: readonly Series[]): IdSpan | undefined;
  /** Whether one of the series has native histograms, which no roll-up is of. */
  haveHistograms(series: readonly Series[]): boolean;
  /** From this time on samples are in memory, and newer than what may be in the engine. */
  coveredFrom(): number;
}

/** Samples from `start` to `end`, both included. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What is read from where: of the buckets that end after `after` and not after `until`. */
interface Plan {
  readonly of: RollupWidth;
  readonly after: number;
  readonly until: number;
  /** Generations by hour. */
  readonly hours: ReadonlyMap<number, number>;
  readonly rest: readonly Stretch[];
}

export class RollupSource {
  constructor(private readonly options: RollupSourceOptions) {}

  rollups(request: RollupRequest): RollupReader | undefined {
    const of = ROLLUP_WIDTHS.find(({ width }) => request.rollup.edges % width === 0);
    if (!of || request.end - request.start < LEAST_HOURS * HOUR_MS) return undefined;
    if (this.plan(request, of).hours.size < LEAST_HOURS) return undefined;
    if (this.options.haveHistograms(this.options.match(request.matchers))) return undefined;
    return (budget, signal) => this.read(request, of, budget, signal);
  }

  private plan({ start, end }: RollupRequest, of: RollupWidth): Plan {
    const after = Math.ceil((start - 1) / of.width) * of.width;
    const until = Math.floor(end / of.width) * of.width;
    const hours = new Map<number, number>();
    const rest: Stretch[] = [];
    const cut = this.options.coveredFrom();
    let restFrom = after + 1;
    for (const hour of this.options.hours.sorted()) {
      if (hour < hourOf(after + 1) || !canRollUp(hour)) continue;
      if (hour * HOUR_MS > until || (hour + 1) * HOUR_MS > cut) break;
      const generation = this.options.hours.current(hour);
      if (generation === undefined) continue;
      hours.set(hour, generation);
      if (restFrom < hour * HOUR_MS) rest.push({ start: restFrom, end: hour * HOUR_MS - 1 });
      restFrom = (hour + 1) * HOUR_MS;
    }
    if (restFrom <= until) rest.push({ start: restFrom, end: until });
    return { of, after, until, hours, rest };
  }

  private async read(
    request: RollupRequest,
    of: RollupWidth,
    budget: SelectBudget,
    signal: AbortSignal | undefined,
  ): Promise<readonly SeriesRollups[] | undefined> {
    const { engine, hours } = this.options;
    const series = this.options.match(request.matchers);
    const span = this.options.spanOf(series);
    budget.series(series.length);
    if (series.length === 0) return [];
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const plan = this.plan(request, of);
      const uncounted = { series: () => {}, samples: budget.samples };
      // Memory is read before anything is awaited: what it gives up meanwhile is not missed.
      const rest = Promise.all(plan.rest.map((stretch) => this.rolledUp(request, stretch, of, uncounted, signal)));
      const stored =
        plan.hours.size > 0
          ? engineRollups(engine, { ...plan, series, span, use: request.rollup }, budget, signal)
          : undefined;
      const [pieces, rows] = await Promise.all([rest, stored]);
      const isValid = [...plan.hours].every(([hour, generation]) => hours.current(hour) === generation);
      if (!isValid) continue;
      if (pieces.some(({ hasHistograms }) => hasHistograms)) return undefined;
      const more = pieces.reduce((sum, { length }) => sum + length, 0);
      const pool = new RollupPool((rows?.rows ?? 0) + more, request.rollup.columns);
      const found: SeriesRollups[] = [];
      for (const { id, labels } of series) {
        const from = pool.length;
        rows?.append(id, pool);
        for (const { bySeries } of pieces) {
          const own = bySeries.get(labels);
          if (own) pool.append(own);
        }
        if (pool.length > from) found.push({ labels, rollups: pool.take(from) });
      }
      return found;
    }
    return undefined;
  }

  private async rolledUp(
    { rollup: _, pushdown: __, ...request }: RollupRequest,
    { start, end }: Stretch,
    { width }: RollupWidth,
    budget: SelectBudget,
    signal: AbortSignal | undefined,
  ): Promise<RolledUp> {
    const select = { ...request, start, end, budget, ...(signal ? { signal } : {}) };
    return rolledUp(await this.options.samples.select(select), width);
  }
}

/** What was made of samples that were read. */
interface RolledUp {
  readonly bySeries: ReadonlyMap<Labels, RollupColumns>;
  readonly length: number;
  readonly hasHistograms: boolean;
}

function rolledUp(all: readonly SeriesData[], width: number): RolledUp {
  const rows = new RollupRows();
  const places: [labels: Labels, from: number, to: number][] = [];
  for (const { labels, timestamps, values } of all) {
    const from = rows.length;
    rollUp(timestamps, values, width, rows);
    places.push([labels, from, rows.length]);
  }
  const bySeries = new Map(places.map(([labels, from, to]) => [labels, rows.slice(from, to)]));
  return { bySeries, length: rows.length, hasHistograms: all.some(({ histograms }) => histograms !== undefined) };
}
