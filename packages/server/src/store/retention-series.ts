/**
 * Series that have no sample left are forgotten: marked once a day while the service runs, and left out by the next
 * start, which alone may do so, because numbers of series are given once in the life of a process.
 */
import type { Engine } from '../engine/engine.ts';
import { mutate } from './deletion.ts';

/** A series whose first samples are still on their way to the engine is no older than this. */
const YOUNG_MS = 86_400_000;

const milli = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

/** The days of samples, each with a number that changes with every insert: the blocks of the newest, in both tables. */
const DAYS = `SELECT day, sum(newest) AS block FROM (
    SELECT toUInt32(partition_id) AS day, max(max_block_number) AS newest FROM system.parts
    WHERE database = 'nightshift' AND table IN ('samples', 'histograms') AND active GROUP BY table, partition_id
  ) GROUP BY day`;

/** Whether samples were deleted, by retention or by a person, since series were last marked. */
export async function isMarkDue(engine: Engine): Promise<boolean> {
  const [row] = await engine.query<{ due: number }>(
    `SELECT greatest(
       (SELECT max(carried_out) FROM nightshift.retention_days WHERE table IN ('samples', 'histograms') AND samples > 0),
       (SELECT max(carried_out) FROM nightshift.deletions)
     ) > (SELECT max(carried_out) FROM nightshift.retention_days WHERE table = 'series_gone') AS due`,
  );
  return row?.due === 1;
}

/** Marks every series of which the engine has no sample. Gives their number. */
export async function markGone(engine: Engine, now: number): Promise<number> {
  await engine.command('TRUNCATE TABLE nightshift.series_gone');
  // Before the samples are looked at: what is inserted meanwhile counts as come later.
  await engine.command(
    `INSERT INTO nightshift.retention_days (table, day, policy, block, samples, carried_out)
     SELECT 'series_gone', day, '', block, 0, ${milli('now')} FROM (${DAYS})`,
    { now: String(Math.trunc(now)) },
  );
  await engine.command(
    `INSERT INTO nightshift.series_gone (id, marked) SELECT id, now64(3) FROM nightshift.series
     WHERE first_seen < ${milli('young')} AND id NOT IN (SELECT id FROM nightshift.samples)
     AND id NOT IN (SELECT id FROM nightshift.histograms) SETTINGS max_threads = 1`,
    { young: String(Math.trunc(now - YOUNG_MS)) },
  );
  const [row] = await engine.query<{ n: string }>('SELECT uniqExact(id) AS n FROM nightshift.series_gone');
  return Number(row?.n ?? 0);
}

/** Takes the mark from those that have got samples since. Before series are loaded: those still marked are not. */
export async function unmarkReturned(engine: Engine): Promise<void> {
  if ((await countMarks(engine)) === 0) return;
  const days = await engine.query<{ day: number }>(
    `SELECT day FROM (${DAYS}) WHERE (day, block) NOT IN
     (SELECT day, block FROM nightshift.retention_days FINAL WHERE table = 'series_gone')`,
  );
  if (days.length === 0) return;
  const changed = days.map(({ day }) => `'${day}'`).join(',');
  await mutate(
    engine,
    'series_gone',
    `ALTER TABLE nightshift.series_gone DELETE
     WHERE id IN (SELECT id FROM nightshift.samples WHERE _partition_id IN (${changed}))
        OR id IN (SELECT id FROM nightshift.histograms WHERE _partition_id IN (${changed})) SETTINGS mutations_sync = 0`,
    {},
  );
}

/**
 * Takes marked series out of the engine. Only while nothing waits in the journal: a batch that is sent again is known by
 * its token, and a row of a series that was in it would not come a second time.
 */
export async function dropGone(engine: Engine): Promise<void> {
  if ((await countMarks(engine)) === 0) return;
  await mutate(
    engine,
    'series',
    'DELETE FROM nightshift.series WHERE id IN (SELECT id FROM nightshift.series_gone) SETTINGS lightweight_deletes_sync = 0',
    {},
  );
  await engine.command('TRUNCATE TABLE nightshift.series_gone');
}

async function countMarks(engine: Engine): Promise<number> {
  const [row] = await engine.query<{ n: string }>('SELECT count() AS n FROM nightshift.series_gone');
  return Number(row?.n ?? 0);
}
