import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../http/deps.ts';

/** What was started, and is stopped in reverse order: each step bounded in time, none skipped because another failed. */
export class Teardown {
  readonly #steps: { readonly name: string; readonly stop: () => unknown; readonly boundMs: number }[] = [];
  #run: Promise<void> | null = null;

  add(name: string, stop: () => unknown, boundMs = 5_000): void {
    this.#steps.push({ name, stop, boundMs });
  }

  /** Idempotent: a second call waits for the first. */
  run(log: Log): Promise<void> {
    this.#run ??= this.#stopAll(log);
    return this.#run;
  }

  async #stopAll(log: Log): Promise<void> {
    for (const { name, stop, boundMs } of this.#steps.reverse()) {
      const timer = new AbortController();
      const late = sleep(boundMs, 'late', { signal: timer.signal, ref: false }).catch(() => 'in time');
      try {
        const outcome = await Promise.race([Promise.resolve(stop()).then(() => 'in time'), late]);
        if (outcome === 'late') log.warn({ part: name, boundMs }, 'did not stop in time');
      } catch (error) {
        log.warn({ part: name, error: error instanceof Error ? error.message : String(error) }, 'did not stop cleanly');
      } finally {
        timer.abort();
      }
    }
  }
}
