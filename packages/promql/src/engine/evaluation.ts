import type { PromqlFeatures } from '../features.ts';
import type { SeriesData, SeriesSource } from '../source.ts';
import { Annotations } from './annotations.ts';
import { PromqlLimitError } from './errors.ts';
import type { Grid } from './values.ts';

export interface EvaluationSettings {
  readonly source: SeriesSource;
  readonly lookbackMs: number;
  readonly maxSamples: number;
  readonly subqueryStepMs: number;
  readonly features: PromqlFeatures;
}

/** What one query carries along: its bounds, its budget, its warnings. */
export class Evaluation {
  readonly settings: EvaluationSettings;
  /** The grid of the whole query; `@ start()`, `@ end()`, `step()` and `range()` refer to it even within a subquery. */
  readonly whole: Grid;
  readonly signal: AbortSignal | undefined;
  readonly annotations = new Annotations();
  /** The text of the query, '' if only its tree was given; positions in annotations refer to it. */
  readonly query: string;
  private samples = 0;

  constructor(settings: EvaluationSettings, query: string, whole: Grid, signal: AbortSignal | undefined) {
    this.settings = settings;
    this.query = query;
    this.whole = whole;
    this.signal = signal;
  }

  get delayedNameRemoval(): boolean {
    return this.settings.features.delayedNameRemoval;
  }

  get end(): number {
    return this.whole.start + (this.whole.count - 1) * this.whole.step;
  }

  /** Milliseconds that `step()` and `range()` stand for; both 0 in an instant query. */
  get durations(): { step: number; range: number } {
    return { step: this.whole.step, range: this.end - this.whole.start };
  }

  /** @throws PromqlLimitError once more samples were loaded or produced than allowed. */
  spend(samples: number): void {
    this.samples += samples;
    if (this.samples <= this.settings.maxSamples) return;
    throw new PromqlLimitError(
      'maxSamples',
      this.settings.maxSamples,
      'query processing would load too many samples into memory in query execution',
    );
  }

  /** @throws the signal's reason. */
  checkAborted(): void {
    this.signal?.throwIfAborted();
  }

  load(series: readonly SeriesData[]): void {
    this.checkAborted();
    let samples = 0;
    for (const each of series) samples += each.timestamps.length;
    this.spend(samples);
  }
}
