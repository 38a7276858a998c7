/** Whether an hour was left alone long enough to be derived from. */
import { HOUR_MS, type HourSet } from './hours.ts';

/** An hour that changed so often, or more, waits no longer. */
const MOST_DOUBLINGS = 6;

interface Disturbed {
  readonly times: number;
  /** Unix milliseconds of the last time. */
  readonly at: number;
}

export class QuietHours {
  /** The oldest first. */
  private recent: { readonly hours: HourSet; readonly at: number }[] = [];
  private readonly disturbed = new Map<number, Disturbed>();

  /**
   * @param quietMs without a change before an hour is derived from. Each time it changed after that, the wait doubles:
   * what somebody sends late for hours on end must not have an hour made again every minute
   */
  constructor(
    private readonly quietMs: number,
    private readonly now: () => number,
  ) {}

  /** Samples of `hours` change; `lost` are those of them that had been derived from. */
  note(hours: HourSet, lost: readonly number[]): void {
    const at = this.now();
    this.recent = this.recent.filter((one) => at - one.at < this.quietMs);
    this.recent.push({ hours, at });
    for (const hour of lost) {
      const times = Math.min(MOST_DOUBLINGS, (this.disturbed.get(hour)?.times ?? 0) + 1);
      this.disturbed.set(hour, { times, at });
    }
  }

  /** The hour is over, too. */
  isQuiet(hour: number): boolean {
    const now = this.now();
    if (now - (hour + 1) * HOUR_MS < this.quietMs) return false;
    if (this.recent.some((one) => now - one.at < this.quietMs && one.hours.has(hour))) return false;
    const disturbed = this.disturbed.get(hour);
    return !disturbed || now - disturbed.at >= this.quietMs * 2 ** disturbed.times;
  }
}
