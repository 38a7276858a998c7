/** Deletes samples and exemplars in the engine. */
import type { SeriesDeletion } from '../collect/series-deletion.ts';
import type { Engine } from '../engine/engine.ts';
import { condition, milliseconds } from './engine-samples.ts';
import type { Series } from './series-index.ts';

const TABLES = ['samples', 'exemplars'] as const;
/** Ids of one statement, which must stay below ClickHouse's 256 KiB. */
const IDS_AT_ONCE = 10_000;

export interface Deletion extends SeriesDeletion {
  /** What the selectors choose. */
  readonly series: readonly Series[];
}

/**
 * Deletes every row of the range that is in the engine, and notes under `token` that it was done: with the same token
 * again it is a no-op, so that rows that came later stay. Killed in between, it is done again, and nothing can have come
 * later yet, because the batch goes on only behind it.
 */
export async function carryOut(
  engine: Engine,
  { selectors, start, end, series }: Deletion,
  token: string,
): Promise<void> {
  const [done] = await engine.query<{ n: string }>(
    'SELECT count() AS n FROM nightshift.deletions WHERE token = {token:String}',
    { token },
  );
  if (Number(done?.n ?? 0) > 0) return;
  const range = { start: milliseconds(start), end: milliseconds(Math.floor(end)) };
  for (let from = 0; from < series.length; from += IDS_AT_ONCE) {
    const where = condition(series.slice(from, from + IDS_AT_ONCE));
    for (const table of TABLES) await engine.command(`DELETE FROM nightshift.${table} WHERE ${where}`, range);
  }
  await engine.command(
    `INSERT INTO nightshift.deletions (token, selectors, start, end)
     VALUES ({token:String}, {selectors:String}, {start:Int64}, {end:Int64})`,
    { token, selectors: JSON.stringify(selectors), ...range },
  );
}

/** Frees the disk of what was deleted: until then its rows are only marked. */
export async function freeDeleted(engine: Engine): Promise<void> {
  for (const table of TABLES) {
    await engine.command(`ALTER TABLE nightshift.${table} APPLY DELETED MASK SETTINGS mutations_sync = 1`);
  }
}
