/** The way of one signal to the receiver: batch after batch, again where it did not get through. */
import { compress, type Outcome, type Sender, type Signal } from './sender.ts';

export interface Batch {
  readonly body: Uint8Array;
  /** Points, spans or records. */
  readonly count: number;
}

export interface Source {
  readonly signal: Signal;
  /** A batch that did not get through is worth less than what the source would give now. */
  readonly fresh: boolean;
  /** `first` of a push. Undefined: that is all for this push. */
  next(first: boolean): Promise<Batch | undefined> | Batch | undefined;
}

export interface PipelineOptions {
  readonly source: Source;
  readonly sender: Sender;
  readonly dropped: (reason: string, count: number) => void;
  /** The receiver was away and why; said by the caller, once. */
  readonly away: (reason: string) => void;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly random: () => number;
}

interface Pending extends Batch {
  /** By the clock of `now`. */
  readonly since: number;
}

const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 60_000;
/** What could not be brought for so long goes, so that one bad batch does not hold up all others. */
const GIVE_UP_MS = 5 * 60_000;

export interface PipelineState {
  readonly sent: number;
  /** Unix milliseconds, 0 for never. */
  readonly lastTaken: number;
  /** '' while all is well. */
  readonly problem: string;
}

export class Pipeline {
  private pending: Pending | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private notBefore = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private sent = 0;
  private lastTaken = 0;
  private problem = '';

  constructor(private readonly options: PipelineOptions) {}

  get state(): PipelineState {
    return { sent: this.sent, lastTaken: this.lastTaken, problem: this.problem };
  }

  /** Until the source has no more or the receiver is away; one that is under way is that one. Never rejects. */
  push(): Promise<void> {
    this.running ??= this.pushAll(false).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** All that is there now, also what came while a push was under way. Never rejects. */
  async flush(): Promise<void> {
    await this.running;
    await this.push();
  }

  /** The last one: does not wait for what was to be waited for. Afterwards nothing is pushed. */
  async last(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
    await this.pushAll(true);
  }

  private async pushAll(isLast: boolean): Promise<void> {
    const { source, dropped } = this.options;
    if (!isLast && this.options.now() < this.notBefore) return;
    try {
      if (source.fresh) this.forget('stale');
      for (let first = true; ; ) {
        let batch = this.pending;
        if (!batch) {
          batch = await this.next(first);
          first = false;
        }
        if (!batch || !(await this.bring(batch, isLast)) || (this.stopped && !isLast)) return;
      }
    } catch (error) {
      // What cannot be encoded is no reason to stop.
      this.problem = error instanceof Error ? error.message : 'an error of its own';
      dropped('error', 1);
    }
  }

  private async next(first: boolean): Promise<Pending | undefined> {
    const batch = await this.options.source.next(first);
    if (!batch) return undefined;
    return { body: await compress(batch.body), count: batch.count, since: this.options.now() };
  }

  /** Whether the next one may follow. */
  private async bring(batch: Pending, isLast: boolean): Promise<boolean> {
    this.pending = batch;
    const outcome = await this.options.sender.send(this.options.source.signal, batch.body);
    if (outcome.kind === 'again') {
      this.problem = outcome.reason;
      this.options.away(outcome.reason);
      if (!isLast) this.wait(batch, outcome);
      return false;
    }
    this.pending = undefined;
    this.failures = 0;
    this.notBefore = 0;
    if (outcome.kind === 'refused') {
      this.problem = outcome.reason;
      this.options.away(outcome.reason);
      this.options.dropped('refused', batch.count);
      return true;
    }
    this.problem = '';
    this.lastTaken = Date.now();
    this.sent += batch.count - outcome.rejected;
    if (outcome.rejected > 0) this.options.dropped('rejected', outcome.rejected);
    return true;
  }

  private wait(batch: Pending, { afterMs }: Extract<Outcome, { kind: 'again' }>): void {
    const { now, random } = this.options;
    if (now() - batch.since > GIVE_UP_MS) this.forget('away');
    const backoff = Math.min(FIRST_WAIT_MS * 2 ** this.failures++, MOST_WAIT_MS);
    const ms = afterMs ?? backoff * (0.5 + random() / 2);
    this.notBefore = now() + ms;
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      // The clock of timers may be a little ahead.
      this.notBefore = 0;
      void this.push();
    }, ms).unref();
  }

  private forget(reason: string): void {
    if (!this.pending) return;
    this.options.dropped(reason, this.pending.count);
    this.pending = undefined;
  }
}
