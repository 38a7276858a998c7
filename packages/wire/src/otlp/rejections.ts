import { WireError } from '../batch.ts';

const REASONS = 5;

/** The data points, log records or spans of one request that were not taken, with the first few different reasons. */
export class Rejections {
  /** As OTLP's `rejected_data_points`, `rejected_log_records` and `rejected_spans` count them. */
  points = 0;
  private readonly reasons = new Map<string, number>();

  add(reason: string, points = 1): void {
    this.points += points;
    const known = this.reasons.get(reason);
    if (known !== undefined || this.reasons.size < REASONS) this.reasons.set(reason, (known ?? 0) + points);
  }

  /** Does what may refuse `points` points with a WireError; false when it did. */
  attempt(points: number, take: () => void): boolean {
    try {
      take();
      return true;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.add(error.message, points);
      return false;
    }
  }

  /** @throws WireError with the reasons, where nothing is left of a body because all of it was refused */
  throwUnless(somethingIsLeft: boolean): void {
    if (!somethingIsLeft && this.points > 0) throw new WireError(this.message());
  }

  /** What `error_message` says; '' when there is nothing to say. */
  message(): string {
    const told: string[] = [];
    let named = 0;
    for (const [reason, points] of this.reasons) {
      told.push(points > 1 ? `${reason} (${points} times)` : reason);
      named += points;
    }
    if (named < this.points) told.push(`and ${this.points - named} more`);
    return told.join('; ');
  }
}
