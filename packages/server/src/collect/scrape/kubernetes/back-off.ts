import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryTimes {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** As the clients of Kubernetes wait. */
export const defaultRetryTimes: RetryTimes = { firstMs: 800, mostMs: 30_000 };

/** Waits that double from one to the next, each by chance between the half and the whole, so that many do not come back at once. */
export class BackOff {
  #next: number;

  constructor(
    private readonly times: RetryTimes,
    private readonly random: () => number = Math.random,
  ) {
    this.#next = times.firstMs;
  }

  reset(): void {
    this.#next = this.times.firstMs;
  }

  /** Waits, and at least `leastMs`. Ends early when the signal says so. */
  async wait(leastMs: number, signal: AbortSignal): Promise<void> {
    const ms = Math.max(leastMs, this.#next * (0.5 + this.random() / 2));
    this.#next = Math.min(this.#next * 2, this.times.mostMs);
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}
