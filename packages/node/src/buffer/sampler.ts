/**
 * Which operations of one kind are kept. Each is kept with a probability that is known before it is looked at, and stands
 * for the reciprocal of it (the Horvitz-Thompson estimator), so that counts and sums over what is kept are unbiased
 * whatever the rate does meanwhile. The exception is a rate of 0, where what is beyond the minimum stands for nothing.
 */
export interface SamplerOptions {
  /** Share that is kept, 0 to 1; where a target is set, what it starts with. */
  readonly rate: number;
  /** Kept in a second, about; the rate follows. */
  readonly target?: number | undefined;
  /** So many of each minute are kept whatever the rate. */
  readonly minimumPerMinute: number;
  readonly random?: () => number;
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
/** Of the newest second in the average that the rate follows. */
const SHARE_OF_NEWEST = 0.3;

export class Sampler {
  private readonly random: () => number;
  private rateNow: number;
  private minute = Number.NEGATIVE_INFINITY;
  private keptInMinute = 0;
  private second = Number.NEGATIVE_INFINITY;
  private seenInSecond = 0;
  /** Operations a second, averaged; undefined until a second is over. */
  private perSecond: number | undefined;

  constructor(private readonly options: SamplerOptions) {
    this.random = options.random ?? Math.random;
    this.rateNow = options.rate;
  }

  /** The share that is kept at present. */
  get rate(): number {
    return this.rateNow;
  }

  /** How many operations this one stands for; 0 if it is not kept. `always` for errors and slow ones. */
  weigh(time: number, always: boolean): number {
    if (this.options.target !== undefined) this.adapt(time, this.options.target);
    if (always || this.rateNow >= 1) {
      this.keptInMinute++;
      return 1;
    }
    const minute = Math.floor(time / MINUTE_MS);
    if (minute !== this.minute) {
      this.minute = minute;
      this.keptInMinute = 0;
    }
    // Neither condition looks at this operation, so that the probability is 1 here and the rate below.
    if (this.keptInMinute < this.options.minimumPerMinute) {
      this.keptInMinute++;
      return 1;
    }
    return this.random() < this.rateNow ? 1 / this.rateNow : 0;
  }

  private adapt(time: number, target: number): void {
    const second = Math.floor(time / SECOND_MS);
    if (second !== this.second) {
      // Seconds without any operation pull the average down as well.
      const passed = Number.isFinite(this.second) ? Math.min(60, Math.max(1, second - this.second)) : 0;
      if (passed > 0) {
        const before = this.perSecond ?? this.seenInSecond;
        const newest = before + SHARE_OF_NEWEST * (this.seenInSecond - before);
        this.perSecond = newest * (1 - SHARE_OF_NEWEST) ** (passed - 1);
        this.rateNow = this.perSecond > target ? target / this.perSecond : 1;
      }
      this.second = second;
      this.seenInSecond = 0;
    }
    this.seenInSecond++;
  }
}
