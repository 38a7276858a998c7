import type { PromqlFeatures } from '../features.ts';
import type { VectorSelector } from '../parser/ast.ts';
import type { SelectPlan } from '../plan/plan.ts';
import type { SelectBudget, SeriesData, SeriesReader, SeriesSource } from '../source.ts';
import { Annotations } from './annotations.ts';
import { PromqlLimitError } from './errors.ts';
import { SampleCounter, sizeOfHistogram } from './samples.ts';
import type { Grid, StepSeries } from './values.ts';

/** What one query may take; Infinity for no limit. */
export interface QueryLimits {
  /** Selectors in its text, each of which asks the source. */
  readonly maxSelectors: number;
  /** Samples held at once, counted as Prometheus counts them. */
  readonly maxSamples: number;
  /** Series read by all selectors together. */
  readonly maxSeries: number;
  /** Bytes of the samples loaded and of the intermediate results held at once, estimated. */
  readonly maxBytes: number;
}

/** What ends or pauses a query from outside; promql has no clock of its own. */
export interface Checkpoint {
  /** Called often, also from within loops. Throws what ends the query; must be cheap. */
  check(): void;
  /** Called between series: a promise for others to get their turn before the query goes on, or undefined to go on. */
  pause?(): Promise<void> | undefined;
  /** Told how many bytes the query holds, by the estimate of `maxBytes`, whenever that changes. May throw. */
  held?(bytes: number): void;
}

export interface EvaluationSettings {
  readonly source: SeriesSource;
  readonly lookbackMs: number;
  readonly limits: QueryLimits;
  readonly subqueryStepMs: number;
  readonly features: PromqlFeatures;
  readonly checkpoint?: Checkpoint;
}

/** Bytes of one step of a series: its value and whether it is there. */
const STEP_BYTES = 9;
/** Bytes of one sample as loaded: time and value. */
const SAMPLE_BYTES = 16;

/** Often enough for rounds over thousands of steps, seldom enough for rounds that cost less than a look at the clock. */
const CHECK_EVERY = 16;

/** Steps of series, some nanoseconds each, after which the clock is looked at. */
const PAUSE_AFTER = 8192;

/** What one query carries along: its bounds, its budget, its warnings. */
export class Evaluation {
  readonly settings: EvaluationSettings;
  /** The grid of the whole query; `@ start()`, `@ end()`, `step()` and `range()` refer to it even within a subquery. */
  readonly whole: Grid;
  readonly signal: AbortSignal | undefined;
  readonly annotations = new Annotations();
  readonly samples: SampleCounter;
  /** The selectors of whose histograms only count and sum are wanted. */
  countsOnly: ReadonlySet<VectorSelector> = new Set();
  /** What each selector asks of the source. */
  plan: SelectPlan = new Map();
  /** What was loaded for a selector and not used yet. */
  readonly preloaded = new Map<VectorSelector, SeriesReader>();
  /** The text of the query, '' if only its tree was given; positions in annotations refer to it. */
  readonly query: string;
  private series = 0;
  private bytes = 0;
  private ticks = 0;
  private unseen = 0;

  constructor(settings: EvaluationSettings, query: string, whole: Grid, signal: AbortSignal | undefined) {
    this.settings = settings;
    this.query = query;
    this.whole = whole;
    this.signal = signal;
    const { maxSamples } = settings.limits;
    this.samples = new SampleCounter(whole, maxSamples, (wanted) => {
      throw new PromqlLimitError('maxSamples', maxSamples, wanted);
    });
  }

  get delayedNameRemoval(): boolean {
    return this.settings.features.delayedNameRemoval;
  }

  /** As asked for, which may be past the last step. */
  get end(): number {
    return this.whole.end ?? this.whole.start + (this.whole.count - 1) * this.whole.step;
  }

  /** Milliseconds that `step()` and `range()` stand for; both 0 in an instant query. */
  get durations(): { step: number; range: number } {
    return { step: this.whole.step, range: this.end - this.whole.start };
  }

  /** Bytes that are held now; handed back to `release` when all that was taken since is given up. */
  get heldBytes(): number {
    return this.bytes;
  }

  release(bytes: number): void {
    this.bytes = bytes;
    this.settings.checkpoint?.held?.(bytes);
  }

  /** @throws PromqlLimitError once the query would hold more memory than it may. */
  take(bytes: number): void {
    this.bytes += bytes;
    const { maxBytes } = this.settings.limits;
    if (this.bytes > maxBytes) throw new PromqlLimitError('maxBytes', maxBytes, this.bytes);
    this.settings.checkpoint?.held?.(this.bytes);
  }

  /** Takes the memory of that many steps of results. @throws PromqlLimitError */
  spend(steps: number): void {
    this.take(steps * STEP_BYTES);
  }

  /** Takes the memory of finished series. */
  spendSeries(all: readonly StepSeries[]): void {
    let bytes = 0;
    for (const { values, histograms } of all) {
      bytes += values.length * STEP_BYTES;
      if (!histograms) continue;
      for (const each of histograms) if (each) bytes += SAMPLE_BYTES * sizeOfHistogram(each);
    }
    this.take(bytes);
  }

  /** @throws the signal's reason, or what the checkpoint throws. */
  checkAborted(): void {
    this.signal?.throwIfAborted();
    this.settings.checkpoint?.check();
  }

  /** To be called for each round of a loop over series, groups or steps: checks every few rounds, more often if each is of many members. */
  tick(members = 1): void {
    this.ticks += 1 + members / 64;
    if (this.ticks < CHECK_EVERY) return;
    this.ticks = 0;
    this.checkAborted();
  }

  /** The items, with a `tick` before each. */
  *each<T>(items: Iterable<T>): Generator<T> {
    for (const item of items) {
      this.tick();
      yield item;
    }
  }

  /** Checks, and says whether there is something to wait for before going on. */
  pause(): Promise<void> | undefined {
    this.checkAborted();
    return this.settings.checkpoint?.pause?.();
  }

  /** As `pause`, to be called after each of many pieces of work of so many steps: looks when there were some thousand. */
  pauseAfter(steps: number): Promise<void> | undefined {
    this.unseen += steps + 64;
    if (this.unseen < PAUSE_AFTER) return undefined;
    this.unseen = 0;
    return this.pause();
  }

  /** For a source to count against while it loads. What it does not count itself is counted by `loaded`. */
  budget(): SelectBudget & { loaded(series: readonly SeriesData[]): void } {
    let counted = { series: 0, bytes: 0 };
    const series = (count: number) => {
      counted = { ...counted, series: counted.series + count };
      this.series += count;
      const { maxSeries } = this.settings.limits;
      if (this.series > maxSeries) throw new PromqlLimitError('maxSeries', maxSeries, this.series);
    };
    const samples = (count: number, bytes = count * SAMPLE_BYTES) => {
      counted = { ...counted, bytes: counted.bytes + bytes };
      this.checkAborted();
      this.take(bytes);
    };
    return {
      series,
      samples,
      loaded: (all) => {
        if (all.length > counted.series) series(all.length - counted.series);
        let bytes = 0;
        for (const { timestamps, histograms } of all) {
          bytes += timestamps.length * SAMPLE_BYTES;
          if (histograms) for (const each of histograms) if (each) bytes += SAMPLE_BYTES * sizeOfHistogram(each);
        }
        if (bytes > counted.bytes) samples(0, bytes - counted.bytes);
        this.checkAborted();
      },
    };
  }
}
