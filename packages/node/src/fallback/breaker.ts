/**
 * A circuit breaker: while something fails, it is not asked. Pure but for the clock it is given.
 * closed → open: enough failures in the rolling window, and a large enough share of what ended in it.
 * open → half-open: at the first call after the rest. One call is the probe; the others are refused until it has ended.
 * half-open → closed or open: by the probe.
 */
export interface BreakerOptions {
  /** Milliseconds that the rolling window is long. */
  readonly windowMs: number;
  /** Failures in the window below which it stays closed. */
  readonly minimumFailures: number;
  /** Share of failures in the window from which on it opens, 0 to 1. */
  readonly failureShare: number;
  /** Milliseconds from opening to the probe. */
  readonly restMs: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  readonly changed?: (state: BreakerState) => void;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Leave to call once. What ends after the state has changed says nothing about the new one, and is not counted. */
export interface Permit {
  succeeded(): void;
  failed(): void;
}

const PARTS = 10;
/** The number of a part in which nothing was counted: older than any, also where the clock began only just now. */
const UNUSED = Number.NEGATIVE_INFINITY;

export class Breaker {
  private current: BreakerState = 'closed';
  /** Counts changes of the state: a permit of an earlier one is void. */
  private age = 0;
  private openedAt = 0;
  private probing = false;
  private readonly numbers = new Float64Array(PARTS).fill(UNUSED);
  private readonly successes = new Float64Array(PARTS);
  private readonly failures = new Float64Array(PARTS);

  constructor(private readonly options: BreakerOptions) {}

  get state(): BreakerState {
    return this.current;
  }

  /** Undefined: not now. */
  ask(): Permit | undefined {
    const rested = this.current === 'open' && this.options.now() - this.openedAt >= this.options.restMs;
    if (rested) this.become('half-open');
    if (this.current === 'open' || this.probing) return undefined;
    this.probing = this.current === 'half-open';
    return this.permit();
  }

  private permit(): Permit {
    const { age } = this;
    let used = false;
    const ended = (failed: boolean) => {
      if (used || age !== this.age) return;
      used = true;
      this.end(failed);
    };
    return { succeeded: () => ended(false), failed: () => ended(true) };
  }

  private end(failed: boolean): void {
    if (this.current === 'half-open') {
      this.become(failed ? 'open' : 'closed');
      return;
    }
    this.count(failed);
    if (failed && this.isTooMuch()) this.become('open');
  }

  private become(state: BreakerState): void {
    this.current = state;
    this.age++;
    this.probing = false;
    if (state === 'open') this.openedAt = this.options.now();
    if (state === 'closed') this.numbers.fill(UNUSED);
    this.options.changed?.(state);
  }

  private partNow(): number {
    return Math.floor((this.options.now() * PARTS) / this.options.windowMs);
  }

  private count(failed: boolean): void {
    const number = this.partNow();
    const place = number % PARTS;
    if (this.numbers[place] !== number) {
      this.numbers[place] = number;
      this.successes[place] = 0;
      this.failures[place] = 0;
    }
    if (failed) this.failures[place]!++;
    else this.successes[place]!++;
  }

  private isTooMuch(): boolean {
    const oldest = this.partNow() - PARTS + 1;
    let [good, bad] = [0, 0];
    for (let place = 0; place < PARTS; place++) {
      if (this.numbers[place]! < oldest) continue;
      good += this.successes[place]!;
      bad += this.failures[place]!;
    }
    return bad >= this.options.minimumFailures && bad / (bad + good) >= this.options.failureShare;
  }
}
