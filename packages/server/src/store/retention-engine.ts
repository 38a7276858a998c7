/** What retention asks of the engine. Every step may be done again: killed anywhere, the next sweep goes on. */
import type { Engine } from '../engine/engine.ts';
import { mutate } from './deletion.ts';
import type { DeletionRuns } from './deletion-runs.ts';
import { DAY_MS, type Day, endOf } from './retention-policy.ts';
import { RowBinaryWriter } from './row-binary.ts';

/** Tables whose rows belong to series and whose partitions are days. */
export const SERIES_TABLES = ['samples', 'histograms', 'exemplars'] as const;
export type SeriesTable = (typeof SERIES_TABLES)[number];

/** A day as it is stored. */
export interface StoredDay {
  readonly day: Day;
  /** Of the newest insert: a later one has a higher block. */
  readonly block: number;
  readonly rows: number;
}

/** What was last done to a day. */
export interface DoneDay {
  readonly policy: string;
  readonly block: number;
  /** Unix milliseconds. */
  readonly at: number;
}

export async function storedDays(engine: Engine, table: SeriesTable): Promise<StoredDay[]> {
  const rows = await engine.query<{ partition_id: string; block: string; n: string }>(
    `SELECT partition_id, max(max_block_number) AS block, sum(rows) AS n FROM system.parts
     WHERE database = 'nightshift' AND table = {table:String} AND active GROUP BY partition_id ORDER BY partition_id`,
    { table },
  );
  return rows.map(({ partition_id, block, n }) => ({
    day: Number(partition_id),
    block: Number(block),
    rows: Number(n),
  }));
}

export async function doneDays(engine: Engine, table: SeriesTable): Promise<Map<Day, DoneDay>> {
  const rows = await engine.query<{ day: number; policy: string; block: string; at: string }>(
    `SELECT day, policy, block, toUnixTimestamp64Milli(carried_out) AS at FROM nightshift.retention_days FINAL
     WHERE table = {table:String}`,
    { table },
  );
  return new Map(rows.map(({ day, policy, block, at }) => [day, { policy, block: Number(block), at: Number(at) }]));
}

export function noteDone(
  engine: Engine,
  table: SeriesTable,
  { day, policy, block, samples, at }: { day: Day; policy: string; block: number; samples: number; at: number },
): Promise<void> {
  return engine.command(
    `INSERT INTO nightshift.retention_days (table, day, policy, block, samples, carried_out)
     SELECT {table:String}, {day:UInt32}, {policy:String}, {block:Int64}, {samples:UInt64},
            fromUnixTimestamp64Milli({at:Int64}, 'UTC')`,
    { table, day, policy, block, samples, at: String(Math.trunc(at)) },
  );
}

/**
 * Writes down the series of each group under the name of a sweep. The lists of sweeps before are dropped, once no
 * mutation can read them any more: one that goes on after a crash must find the list that it was given.
 */
export async function writeGroups(
  engine: Engine,
  sweep: string,
  series: AsyncIterable<{ readonly group: number; readonly id: bigint }>,
): Promise<void> {
  const [open] = await engine.query<{ n: string }>(
    "SELECT count() AS n FROM system.mutations WHERE NOT is_done AND position(command, 'retention_ids') > 0",
  );
  if (Number(open?.n ?? 0) === 0) await engine.command('TRUNCATE TABLE nightshift.retention_ids');
  let rows = new RowBinaryWriter();
  let count = 0;
  let piece = 0;
  const write = async () => {
    if (count === 0) return;
    await engine.insert('nightshift.retention_ids', ['sweep', 'rule', 'id'], rows.finish(), `${sweep}-${piece++}`);
    rows = new RowBinaryWriter();
    count = 0;
  };
  for await (const { group, id } of series) {
    rows.string(sweep);
    // UInt32, little-endian.
    for (let shift = 0; shift < 32; shift += 8) rows.uint8((group >>> shift) & 255);
    rows.uint64(id);
    if (++count === 100_000) await write();
  }
  await write();
}

const ofGroups = (sweep: string, groups: readonly number[]): string =>
  `id IN (SELECT id FROM nightshift.retention_ids WHERE sweep = '${sweep}' AND rule IN (${groups.join(',')}))`;

/** Samples of the groups on that day. */
export async function countDay(
  engine: Engine,
  table: SeriesTable,
  day: Day,
  sweep: string,
  groups: readonly number[],
): Promise<number> {
  const [row] = await engine.query<{ n: string }>(
    `SELECT count() AS n FROM nightshift.${table} WHERE _partition_id = '${day}' AND ${ofGroups(sweep, groups)}`,
  );
  return Number(row?.n ?? 0);
}

/** Below this share of a day's rows, or below this many, the disk is not worth a new copy: a later merge frees it. */
const SHARE_WORTH_FREEING = 0.05;
const ROWS_WORTH_FREEING = 100_000;

/**
 * Deletes the samples of the groups of that day: first they are marked, which hides them at once and writes next to
 * nothing, then the day is written anew without them (10 s for 57.6 million, where deleting by rewriting takes 20 s). When
 * the engine fails to mark them, it goes on trying by itself.
 */
export async function clearDay(
  engine: Engine,
  deletions: DeletionRuns,
  table: SeriesTable,
  { day, rows }: Pick<StoredDay, 'day' | 'rows'>,
  sweep: string,
  { groups, samples }: { readonly groups: readonly number[]; readonly samples: number },
): Promise<void> {
  const range = { token: `retention-${sweep}-${table}`, start: endOf(day) - DAY_MS, end: endOf(day) - 1 };
  const statement = { table, day: String(day), slice: 0, where: ofGroups(sweep, groups), params: {} };
  // Only samples have something derived from them.
  const reason = await deletions.run(range, [statement], table === 'samples');
  if (reason !== '' || samples < Math.max(ROWS_WORTH_FREEING, rows * SHARE_WORTH_FREEING)) return;
  const free = `APPLY DELETED MASK IN PARTITION ID '${day}' SETTINGS mutations_sync = 0`;
  await mutate(engine, table, `ALTER TABLE nightshift.${table} ${free}`, {});
}

export const dropDay = (engine: Engine, table: SeriesTable, day: Day): Promise<void> =>
  engine.command(`ALTER TABLE nightshift.${table} DROP PARTITION ID '${day}'`);
