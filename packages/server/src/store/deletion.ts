/** Deletes samples, floats and histograms, and exemplars in the engine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeriesDeletion } from '../collect/series-deletion.ts';
import type { Engine } from '../engine/engine.ts';
import type { DeleteStatement, DeletionRuns } from './deletion-runs.ts';
import { condition, milliseconds } from './engine-samples.ts';
import type { Series } from './series-index.ts';

const TABLES = ['samples', 'histograms', 'exemplars'] as const;
/** Ids of one statement, which must stay below ClickHouse's 256 KiB. */
const IDS_AT_ONCE = 10_000;
/** With more days than this, one statement for all of them is faster. */
const MOST_DAYS = 10;

/** Times as parameters of a query. */
type Range = { readonly start: string; readonly end: string };

export interface Deletion extends SeriesDeletion {
  /** What the selectors choose. */
  readonly series: readonly Series[];
}

/** Whether it was carried out under this token. Then what came before it in its batch is in the engine, as far as it is to stay. */
export async function isCarriedOut(engine: Engine, token: string): Promise<boolean> {
  const found = await engine.query('SELECT 1 FROM nightshift.deletions WHERE token = {token:String} LIMIT 1', {
    token,
  });
  return found.length > 0;
}

/**
 * Deletes every row of the range that is in the engine, and notes under `token` that it was done, so that rows that came
 * later stay. Killed in between, it is done again, and nothing can have come later yet, because the batch goes on only
 * behind it. A deletion that the engine has taken and fails to carry out counts as done: later rows are none of its
 * business. The answer is why it fails, '' for one that is done.
 */
export async function carryOut(
  engine: Engine,
  runs: DeletionRuns,
  { selectors, start, end, series }: Deletion,
  token: string,
): Promise<string> {
  const range = { start: milliseconds(start), end: milliseconds(Math.floor(end)) };
  const named = { token, start: Number(range.start), end: Number(range.end) };
  const reason = await runs.run(named, statementsFor(engine, series, range));
  await engine.command(
    `INSERT INTO nightshift.deletions (token, selectors, start, end)
     VALUES ({token:String}, {selectors:String}, {start:Int64}, {end:Int64})`,
    { token, selectors: JSON.stringify(selectors), ...range },
  );
  return reason;
}

/** A mutation looks at every part of what it is given, whether or not there is anything to do: days without a row are spared. */
async function* statementsFor(
  engine: Engine,
  series: readonly Series[],
  params: Range,
): AsyncGenerator<DeleteStatement> {
  for (let from = 0; from < series.length; from += IDS_AT_ONCE) {
    const where = condition(series.slice(from, from + IDS_AT_ONCE));
    for (const table of TABLES) {
      const days = await engine.query<{ day: string }>(
        `SELECT DISTINCT _partition_id AS day FROM nightshift.${table} WHERE ${where}`,
        params,
      );
      const places = days.length > MOST_DAYS ? [''] : days.map(({ day }) => day);
      for (const day of places) yield { table, day, slice: from, where, params };
    }
  }
}

/** Frees the disk of what was deleted: until then its rows are only marked. */
export async function freeDeleted(engine: Engine): Promise<void> {
  for (const table of TABLES) {
    const statement = `ALTER TABLE nightshift.${table} APPLY DELETED MASK SETTINGS mutations_sync = 0`;
    await mutate(engine, table, statement, {});
  }
}

/** However long it takes: a request that waited for it would be given up, and tried again, and never come to an end. */
export async function mutate(engine: Engine, table: string, statement: string, params: Partial<Range>): Promise<void> {
  // One that a crash has left behind goes on by itself.
  await mutationsDone(engine, table);
  await engine.command(statement, params);
  await mutationsDone(engine, table);
}

export async function mutationsDone(engine: Engine, table: string): Promise<void> {
  for (let pause = 10; ; pause = Math.min(1000, pause * 2)) {
    const [open] = await engine.query<{ n: string; reason: string }>(
      `SELECT count() AS n, max(latest_fail_reason) AS reason FROM system.mutations
       WHERE database = 'nightshift' AND table = {table:String} AND NOT is_done`,
      { table },
    );
    if (Number(open?.n ?? 0) === 0) return;
    if (open?.reason) throw new Error(`a deletion in ${table} fails: ${open.reason}`);
    await sleep(pause, undefined, { ref: false });
  }
}
