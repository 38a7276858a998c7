import type { Decoded, JournalRecord } from '../record.ts';
import type { Refusal } from '../refusal.ts';
import { logFailure } from './failure-log.ts';
import { ScrapeSession, type ScrapeSettings } from './scrape.ts';
import type { ScrapeTarget, TargetState, TargetStatus } from './target.ts';

/** Where the results of a target go. Resolves when they are durable; samples that were not taken are told to `refuse` before. */
export type Take = (
  record: JournalRecord,
  decoded: Decoded,
  target: ScrapeTarget,
  refuse: (refusals: readonly Refusal[]) => void,
) => Promise<void>;

/** A timer fires a little late; a scrape that starts within this of its time is as of that time, which compresses better. */
const toleranceMs = 2;

/** Where in its interval a target is scraped: spread evenly, the same after a restart (FNV-1a, 32 bits). */
export function offsetOf({ key, intervalMs }: Pick<ScrapeTarget, 'key' | 'intervalMs'>): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  // The low bits of FNV-1a alone are not spread well enough for keys that differ at their end only.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return hash % intervalMs;
}

/** Scrapes one target on its interval. */
export class TargetLoop {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #session: ScrapeSession;
  #failureLogFile: string;
  state: TargetState;
  /** Why no target of the job is scraped; '' if they are. */
  refusal = '';

  constructor(
    private target: ScrapeTarget,
    settings: ScrapeSettings,
    private readonly take: Take,
    private readonly now: () => number,
    before?: TargetLoop,
  ) {
    this.#session = before ? before.#session : new ScrapeSession(target, settings);
    // Its last scrape may still be under way.
    if (before) this.#running = before.#running.then(() => this.#session.update(target, settings));
    this.#failureLogFile = settings.config.failureLogFile;
    const none = {
      health: 'unknown',
      lastError: '',
      lastAt: null,
      lastTookMs: 0,
      metadata: [],
      refusedSamples: 0,
      lastRefusal: '',
    } as const;
    this.state = { ...(before ? before.state : none), target };
    this.#schedule();
  }

  /** The same target, of which something else is known now. */
  rediscovered(target: ScrapeTarget): void {
    this.target = target;
    this.state = { ...this.state, target };
  }

  /** Goes on at the same times, with what was there before, by other settings. */
  update(target: ScrapeTarget, settings: ScrapeSettings): void {
    this.target = target;
    this.#failureLogFile = settings.config.failureLogFile;
    this.state = { ...this.state, target };
    this.#running = this.#running.then(() => this.#session.update(target, settings));
  }

  #schedule(): void {
    if (this.#closed) return;
    const { intervalMs } = this.target;
    const now = this.now();
    const wait = intervalMs - ((now - offsetOf(this.target)) % intervalMs);
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#scrape(this.#timeOf(now + wait))).finally(() => this.#schedule());
    }, wait);
  }

  #timeOf(due: number): number {
    const now = this.now();
    return Math.abs(now - due) <= Math.min(toleranceMs, this.target.intervalMs / 100) ? due : now;
  }

  async #scrape(at: number): Promise<void> {
    const started = this.now();
    const result = await this.#session.scrape(at, this.now, this.refusal);
    let lastError = result.error;
    if (result.error !== '' && this.#failureLogFile !== '') {
      await logFailure(this.#failureLogFile, this.target, at, result.error);
    }
    try {
      await this.take(result.record, result.decoded, this.target, this.#refuse);
      result.stored();
    } catch (error) {
      lastError = `scraped, but not stored: ${error instanceof Error ? error.message : error}`;
    }
    this.state = {
      ...this.state,
      target: this.target,
      health: lastError === '' ? 'up' : 'down',
      lastError,
      lastAt: at,
      lastTookMs: this.now() - started,
      metadata: result.metadata ?? this.state.metadata,
    };
  }

  #refuse = (refusals: readonly Refusal[]): void => {
    const samples = refusals.reduce((sum, one) => sum + one.samples, this.state.refusedSamples);
    this.state = {
      ...this.state,
      refusedSamples: samples,
      lastRefusal: refusals.map(({ message }) => message).join('; '),
    };
  };

  /** Milliseconds until the next scrape would be. */
  get untilNext(): number {
    return this.target.intervalMs - ((this.now() - offsetOf(this.target)) % this.target.intervalMs);
  }

  get status(): TargetStatus {
    const { target, health, lastError, lastAt, refusedSamples, lastRefusal } = this.state;
    const refused = refusedSamples > 0 && { refusedSamples, lastRefusal };
    return { job: target.job, target: target.url, up: health === 'up', lastError, lastAt, ...refused };
  }

  /** Stops; resolves when a scrape under way has ended, which its time-out bounds. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Marks the end of all series, as of `at`. */
  async end(at: number): Promise<void> {
    const result = this.#session.end(at);
    if (result) await this.take(result.record, result.decoded, this.target, this.#refuse);
  }
}
