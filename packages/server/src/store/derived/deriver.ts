/** Has hours derived from in the background, the newest first, never more than half of the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../engine/engine.ts';
import type { Derivation } from './derivation.ts';
import type { DerivedHours } from './derived-hours.ts';
import { dropOutdated } from './derived-rows.ts';
import { hourOf } from './hours.ts';
import type { QuietHours } from './quiet-hours.ts';

/** Between two looks at rows that do not count any more: they only take room. */
const CLEAN_MS = 3_600_000;

export interface DeriverOptions {
  readonly engine: Engine;
  readonly hours: DerivedHours;
  readonly quiet: QuietHours;
  readonly derivations: readonly Derivation[];
  /** Milliseconds between two looks for hours. */
  readonly everyMs: number;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

export class Deriver {
  /** Why the last round failed, '' when it did not. */
  lastError = '';
  private readonly stop = new AbortController();
  private cleanedAt = Number.NEGATIVE_INFINITY;
  private readonly running: Promise<void>;

  constructor(private readonly options: DeriverOptions) {
    this.running = this.run();
  }

  /** What was begun is left as it is. Idempotent. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { engine, everyMs, log } = this.options;
    for (;;) {
      await this.pause(everyMs);
      if (this.stop.signal.aborted) return;
      if (engine.state !== 'up') continue;
      const failures = await this.round().catch((error: unknown) => [error]);
      if (this.stop.signal.aborted) return;
      const [first] = failures;
      const reason = first === undefined ? '' : first instanceof Error ? first.message : String(first);
      if (reason !== '' && reason !== this.lastError)
        log.warn({ reason }, 'an hour could not be packed and will be tried again');
      this.lastError = reason;
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stop.signal, ref: false }).catch(() => {});
  }

  /** Why hours could not be derived from: the others are all the same. */
  private async round(): Promise<unknown[]> {
    const { engine, hours, derivations, now } = this.options;
    const failures: unknown[] = [];
    for (const hour of await this.due()) {
      if (this.stop.signal.aborted || engine.state !== 'up') return failures;
      const start = performance.now();
      await this.derive(hour).catch((error: unknown) => failures.push(error));
      await this.pause(performance.now() - start);
    }
    if (now() - this.cleanedAt < CLEAN_MS) return failures;
    this.cleanedAt = now();
    for (const table of derivations.flatMap(({ tables }) => tables)) await dropOutdated(engine, table, hours);
    return failures;
  }

  /** Hours that may have samples and are to be derived from, the newest first. */
  private async due(): Promise<number[]> {
    const { engine, hours, quiet } = this.options;
    const days = await engine.query<{ first: string; last: string }>(
      `SELECT toUnixTimestamp(min(min_time)) AS first, toUnixTimestamp(max(max_time)) AS last FROM system.parts
       WHERE database = 'nightshift' AND table = 'samples' AND active AND rows > 0 AND min_time > 0 GROUP BY partition_id`,
    );
    const due = new Set<number>();
    for (const { first, last } of days) {
      for (let hour = hourOf(Number(first) * 1000); hour <= hourOf(Number(last) * 1000); hour++) {
        if (hours.current(hour) === undefined && quiet.isQuiet(hour)) due.add(hour);
      }
    }
    return [...due].sort((a, b) => b - a);
  }

  private async derive(hour: number): Promise<void> {
    const { hours, derivations } = this.options;
    const generation = await hours.begin(hour);
    if (generation === undefined) return;
    for (const derivation of derivations) await derivation.build(hour, generation, this.stop.signal);
    this.stop.signal.throwIfAborted();
    await hours.complete(hour, generation);
  }
}
