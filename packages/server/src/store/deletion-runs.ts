/**
 * Has the engine delete rows, and follows what it cannot finish.
 *
 * A DELETE is a mutation: once the engine has taken it, it is written down there, concerns the rows that are in the table at
 * that moment and none that come later, and is tried again by the engine itself, with pauses that grow. So one that fails is
 * no reason to wait: whatever stands behind it goes on, and its hours are not derived again until it is done. Its name, in
 * a condition that changes nothing, is how it is found again, after a restart as well:
 *
 *     … WHERE … AND 'deletion TOKEN START END PLACE ' != ''       START and END in Unix milliseconds
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { DerivedHours } from './derived/derived-hours.ts';
import { type HourSet, hourOf, hoursBetween } from './derived/hours.ts';

export interface DeletionRange {
  /** Names the deletion; the same again is the same deletion. Without spaces and quotes. */
  readonly token: string;
  /** Unix milliseconds, whole, both ends included. */
  readonly start: number;
  readonly end: number;
}

export interface DeleteStatement {
  readonly table: string;
  /** Partition, '' for all of them. */
  readonly day: string;
  /** Number among those of that table and day. */
  readonly slice: number;
  readonly where: string;
  readonly params: Readonly<Record<string, string>>;
}

type Statements = AsyncIterable<DeleteStatement> | Iterable<DeleteStatement>;

export interface DeletionLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** While the engine says of any mutation of the table that it failed, so long is waited for ours. */
const PATIENCE_MS = 5000;
const LONGEST_PAUSE_MS = 30_000;
const NAME = /deletion (\S+) (-?\d+) (-?\d+) /;

const nameOf = ({ token, start, end }: DeletionRange): string => `deletion ${token} ${start} ${end} `;

/**
 * Not done where it has something to do. The engine calls a mutation of one partition done only when those before it, of
 * any partition, are.
 */
const DAY = "extract(command, 'IN PARTITION ID .([0-9]+)')";
const LEFT = `NOT is_done
  AND (${DAY} = '' OR arrayExists(part -> startsWith(part, concat(${DAY}, '_')), parts_to_do_names))`;

/** Deletions that the engine has taken and not finished. */
export async function unfinishedDeletions(engine: Pick<Engine, 'query'>): Promise<DeletionRange[]> {
  const rows = await engine.query<{ command: string }>(
    `SELECT command FROM system.mutations
     WHERE database = 'nightshift' AND ${LEFT} AND position(command, 'deletion ') > 0`,
  );
  const found = new Map<string, DeletionRange>();
  for (const { command } of rows) {
    const [name, token, start, end] = NAME.exec(command) ?? [];
    if (name && token) found.set(name, { token, start: Number(start), end: Number(end) });
  }
  return [...found.values()];
}

export class DeletionRuns {
  /** By name. */
  readonly #failing = new Set<string>();
  readonly #closing = new AbortController();
  readonly #followed = new Set<Promise<unknown>>();

  constructor(
    private readonly engine: Pick<Engine, 'query' | 'command'>,
    private readonly derived: Pick<DerivedHours, 'change'>,
    private readonly log: DeletionLog,
  ) {}

  /** Deletions that the engine has taken, fails to carry out and tries again. */
  get failing(): number {
    return this.#failing.size;
  }

  /** Takes up what an earlier process left. */
  async resume(): Promise<void> {
    for (const range of await unfinishedDeletions(this.engine)) {
      this.#follow(this.derived.change(hoursOf(range), () => this.#end(range, 'left by an earlier process')));
    }
  }

  /**
   * Resolves when the rows are gone ('') or when the engine has taken all statements and some do not come to an end (why).
   * Throws what the engine says of a statement that it does not take; those before it are taken, and not repeated when this is
   * called again. `derivedFrom`: whether anything is derived from these rows.
   */
  run(range: DeletionRange, statements: Statements, derivedFrom = true): Promise<string> {
    return new Promise((resolve, reject) => {
      const work = async () => {
        const reason = await this.#submit(range, statements);
        resolve(reason);
        if (reason !== '') await this.#end(range, reason);
      };
      this.#follow((derivedFrom ? this.derived.change(hoursOf(range), work) : work()).catch(reject));
    });
  }

  /** Stops following; the engine goes on with what it has taken. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#followed);
  }

  #follow(work: Promise<unknown>): void {
    const settled = work.catch(() => {}).finally(() => this.#followed.delete(settled));
    this.#followed.add(settled);
  }

  async #submit(range: DeletionRange, statements: Statements): Promise<string> {
    const reasons = new Map<string, string>();
    for await (const { table, day, slice, where, params } of statements) {
      const name = `${nameOf(range)}${table}.${day}.${slice} `;
      if (!(await this.#isKnown(name))) {
        const partition = day === '' ? '' : ` IN PARTITION ID '${day}'`;
        await this.engine.command(
          `DELETE FROM nightshift.${table}${partition} WHERE (${where}) AND '${name}' != '' SETTINGS lightweight_deletes_sync = 0`,
          params,
        );
      }
      const reason = await this.#done(table, name, reasons.has(table) ? 0 : PATIENCE_MS);
      if (reason !== '') reasons.set(table, reason);
    }
    return [...reasons].map(([table, reason]) => `in ${table}: ${reason}`).join('; ');
  }

  /** '' when it is done, however long that takes; why not, when mutations of the table have failed for so long. */
  async #done(table: string, name: string, patienceMs: number): Promise<string> {
    let failedSince: number | undefined;
    for (let pause = 10; ; pause = Math.min(1000, pause * 2)) {
      if ((await this.#left(name)) === 0) return '';
      const reason = await this.#failureIn(table);
      if (reason === '') failedSince = undefined;
      else {
        failedSince ??= performance.now();
        if (performance.now() - failedSince >= patienceMs) return reason;
      }
      await sleep(pause, undefined, { ref: false });
    }
  }

  /** Holds on until the engine has no statement of the deletion left. */
  async #end(range: DeletionRange, reason: string): Promise<void> {
    const name = nameOf(range);
    const { signal } = this.#closing;
    this.#failing.add(name);
    const named = { deletion: range.token, from: range.start, to: range.end };
    this.log.error(
      { ...named, reason, look: 'SELECT * FROM system.mutations WHERE NOT is_done' },
      'a deletion is not done; the engine tries it again',
    );
    for (let pause = 1000; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      await sleep(pause, undefined, { ref: false, signal }).catch(() => {});
      if (signal.aborted) return;
      const left = await this.#left(name).catch(() => undefined);
      if (left === 0) break;
    }
    this.#failing.delete(name);
    this.log.info(named, 'a deletion that failed has ended');
  }

  async #isKnown(name: string): Promise<boolean> {
    const found = await this.engine.query(
      "SELECT 1 FROM system.mutations WHERE database = 'nightshift' AND position(command, {name:String}) > 0 LIMIT 1",
      { name },
    );
    return found.length > 0;
  }

  /** Statements of the deletion, or of that part of it, that are not done. */
  async #left(name: string): Promise<number> {
    const [row] = await this.engine.query<{ n: string }>(
      `SELECT count() AS n FROM system.mutations
       WHERE database = 'nightshift' AND ${LEFT} AND position(command, {name:String}) > 0`,
      { name },
    );
    return Number(row?.n ?? 0);
  }

  async #failureIn(table: string): Promise<string> {
    const [row] = await this.engine.query<{ reason: string }>(
      `SELECT max(latest_fail_reason) AS reason FROM system.mutations
       WHERE database = 'nightshift' AND table = {table:String} AND NOT is_done`,
      { table },
    );
    return row?.reason ?? '';
  }
}

const hoursOf = ({ start, end }: DeletionRange): HourSet => hoursBetween(hourOf(start), hourOf(end));
