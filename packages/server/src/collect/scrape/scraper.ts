import type { Labels } from '@nightshift/wire';
import type { JournalRecord } from '../record.ts';
import { scrapeOnce } from './scrape.ts';
import type { ScrapeTarget, TargetState, TargetStatus } from './target.ts';

export interface Scraper {
  status(): readonly TargetStatus[];
  targets(): readonly TargetState[];
  /** Stops all loops; resolves when the last scrape under way has ended or was given up (bounded by its time-out). */
  close(): Promise<void>;
}

/** Where in its interval a target is scraped: spread evenly by name, the same after a restart (FNV-1a, 32 bits). */
export function offsetOf(target: ScrapeTarget): number {
  let hash = 0x811c9dc5;
  for (const char of target.url + target.job) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % target.intervalMs;
}

class TargetLoop {
  #before: ReadonlyMap<string, Labels> = new Map();
  #exemplars: ReadonlyMap<string, string> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  state: TargetState;

  constructor(
    private readonly target: ScrapeTarget,
    private readonly take: (record: JournalRecord) => Promise<void>,
    private readonly now: () => number,
  ) {
    this.state = { target, health: 'unknown', lastError: '', lastAt: null, lastTookMs: 0, metadata: [] };
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { intervalMs } = this.target;
    const wait = intervalMs - ((this.now() - offsetOf(this.target)) % intervalMs);
    this.#timer = setTimeout(() => {
      this.#running = this.#scrape().finally(() => this.#schedule());
    }, wait);
  }

  async #scrape(): Promise<void> {
    const at = this.now();
    const result = await scrapeOnce(this.target, this.#before, this.now, this.#exemplars);
    let lastError = result.error;
    try {
      await this.take(result.record);
      this.#before = result.seen;
      this.#exemplars = result.exemplars;
    } catch (error) {
      lastError = `scraped, but not stored: ${error instanceof Error ? error.message : error}`;
    }
    this.state = {
      target: this.target,
      health: lastError === '' ? 'up' : 'down',
      lastError,
      lastAt: at,
      lastTookMs: this.now() - at,
      metadata: result.metadata ?? this.state.metadata,
    };
  }

  get status(): TargetStatus {
    const { target, health, lastError, lastAt } = this.state;
    return { job: target.job, target: target.url, up: health === 'up', lastError, lastAt };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}

/** Scrapes every target on its interval and hands each result to `take`, which must make it durable. */
export function startScraper(
  targets: readonly ScrapeTarget[],
  take: (record: JournalRecord) => Promise<void>,
  now: () => number,
): Scraper {
  const loops = targets.map((target) => new TargetLoop(target, take, now));
  return {
    status: () => loops.map((loop) => loop.status),
    targets: () => loops.map((loop) => loop.state),
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}
