/** Samples as the engine has them. */
import type { SelectBudget } from '@nightshift/promql';
import type { Engine } from '../engine/engine.ts';
import { collectRuns } from './engine-runs.ts';
import { type SampleColumns, wordsOf } from './sample-columns.ts';
import type { Series } from './series-index.ts';

const ROW_BYTES = 24;
/** Below this many ids it does not matter how they are asked for. */
const FEW_IDS = 100;
/** Those of an id that differ within a metric (`hashKey`). */
const ID_BITS = 44n;
/** Of a row in columns. */
const COLUMNS_BYTES = 16;
const HOUR_MS = 3_600_000;
const LAST_HOUR_MS = Date.UTC(2105, 0, 1);
/** Hours that are named in a condition. */
const MOST_HOURS = 500;
/** Beyond this many ids it is cheaper to read all series and leave out some. */
const MOST_IDS = 50_000;
/** What DateTime64 can hold: the years 1900 to 2299. */
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 11, 31);

/** A time as a parameter of a query, within what the engine can hold. */
export const milliseconds = (time: number): string => String(Math.ceil(Math.min(LATEST, Math.max(EARLIEST, time))));

/** All that is asked of a series here. */
type Identified = Pick<Series, 'id'>;

/** Ids are numbers of our own making, so that they can stand in the text; everything else is a parameter. */
export function condition(series: readonly Identified[]): string {
  const ids = series.length > MOST_IDS ? '' : `id IN (${series.map(({ id }) => id).join(',')}) AND `;
  return ids + withinRange;
}

const timeOf = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
const withinRange = `time >= ${timeOf('start')} AND time <= ${timeOf('end')}`;

/** Ids that lie next to each other, both ends included. */
export interface IdSpan {
  readonly least: bigint;
  readonly most: bigint;
}

const ofSpan = ({ least, most }: IdSpan): string => `id >= ${least} AND id <= ${most} AND ${withinRange}`;

/**
 * The ids of all series of a metric, if `wanted` are a fair part of them: then it is cheaper to read all in between and
 * leave out some than to look up each id. Undefined where the ids are from before they were neighbours.
 */
export function spanOf(wanted: readonly Series[], ofMetric: readonly Series[]): IdSpan | undefined {
  if (wanted.length < FEW_IDS || 2 * wanted.length < ofMetric.length) return undefined;
  let least = wanted[0]!.id;
  let most = least;
  for (const { id } of wanted) {
    if (id < least) least = id;
    if (id > most) most = id;
  }
  return least >> ID_BITS === most >> ID_BITS ? { least, most } : undefined;
}

/** The same with the hours named, by which the table is ordered before all else, where they are few; else ''. */
function hoursBetween(start: number, end: number): string {
  const first = Math.floor(start / HOUR_MS);
  const count = Math.floor(end / HOUR_MS) - first + 1;
  // An hour is a DateTime, which holds the years 1970 to 2105.
  if (!(count <= MOST_HOURS) || first < 0 || end > LAST_HOUR_MS) return '';
  const hours = Array.from({ length: count }, (_, i) => `toDateTime(${(first + i) * 3600}, 'UTC')`);
  return `toStartOfHour(time) IN (${hours.join(',')}) AND `;
}

/**
 * All samples of the series with start <= t <= end (Unix milliseconds), by series id, ascending. Where the engine has a
 * time twice, the one that came last counts. The budget is asked while rows come, and what it throws ends the query in
 * the engine as well. The rows come as they lie, which is far cheaper than to have them put in order; those few series
 * that have a time more than once are asked for again, in order.
 */
export async function engineSamples(
  engine: Engine,
  series: readonly Identified[],
  start: number,
  end: number,
  signal?: AbortSignal,
  budget?: SelectBudget,
  span?: IdSpan,
): Promise<Map<bigint, SampleColumns>> {
  if (series.length === 0 || end < start) return new Map();
  const [from, to] = [milliseconds(start), milliseconds(Math.floor(end))];
  const ids = series.map(({ id }) => id);
  const isShort = Number(to) - Number(from) < 2 ** 32;
  const since = `toUnixTimestamp64Milli(time) - ${from}`;
  const bytes = await engine.queryBytes(
    `SELECT ${!span && tellsApart(ids) ? 'toUInt32(id)' : 'id'}, ${isShort ? `toUInt32(${since})` : since}, value
     FROM nightshift.samples WHERE ${hoursBetween(Number(from), Number(to))}${span ? ofSpan(span) : condition(series)}
     SETTINGS max_query_size = 16777216 FORMAT Native`,
    { start: from, end: to },
    signal,
    (received) => budget?.samples(received / COLUMNS_BYTES, received),
  );
  const { samples, doubtful } = collectRuns(bytes, ids, Number(from));
  if (doubtful.length === 0) return samples;
  const twice = new Set(doubtful);
  const again = series.filter(({ id }) => twice.has(id));
  for (const [id, columns] of await orderedSamples(engine, again, { start: from, end: to }, signal))
    samples.set(id, columns);
  return samples;
}

/** Whether the low halves of the ids are all different, and every row will be of one of them. */
function tellsApart(ids: readonly bigint[]): boolean {
  return ids.length <= MOST_IDS && new Set(ids.map((id) => Number(id & 0xffffffffn))).size === ids.length;
}

/** Parts are numbered in order of insertion, and within one it is kept: the last of equal times counts. */
async function orderedSamples(
  engine: Engine,
  series: readonly Identified[],
  range: { readonly start: string; readonly end: string },
  signal?: AbortSignal,
): Promise<Map<bigint, SampleColumns>> {
  const bytes = await engine.queryBytes(
    `SELECT id, toUnixTimestamp64Milli(time) AS at, value FROM nightshift.samples WHERE ${condition(series)}
     ORDER BY id, time, toUInt64(splitByChar('_', toString(_part))[2]), _part_offset
     SETTINGS max_query_size = 16777216 FORMAT RowBinary`,
    { ...range },
    signal,
  );
  return splitSeries(bytes);
}

/** Rows of id u64, time i64, value f64, in order of id and time. */
function splitSeries(bytes: Uint8Array): Map<bigint, SampleColumns> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<bigint, SampleColumns>();
  const rows = bytes.byteLength / ROW_BYTES;
  for (let from = 0; from < rows; ) {
    const id = view.getBigUint64(from * ROW_BYTES, true);
    let to = from + 1;
    while (to < rows && view.getBigUint64(to * ROW_BYTES, true) === id) to++;
    found.set(id, readColumns(view, from, to));
    from = to;
  }
  return found;
}

function readColumns(view: DataView, from: number, to: number): SampleColumns {
  const timestamps = new Float64Array(to - from);
  const values = new Float64Array(to - from);
  const words = wordsOf(values);
  let count = 0;
  for (let row = from; row < to; row++) {
    const at = row * ROW_BYTES;
    const time = view.getUint32(at + 8, true) + view.getInt32(at + 12, true) * 2 ** 32;
    if (count > 0 && timestamps[count - 1] === time) count--;
    timestamps[count] = time;
    words[2 * count] = view.getUint32(at + 16, true);
    words[2 * count + 1] = view.getUint32(at + 20, true);
    count++;
  }
  return { timestamps: timestamps.subarray(0, count), values: values.subarray(0, count) };
}

/** Which of the series have a sample with start <= t <= end. */
export async function engineSeriesInRange(
  engine: Engine,
  series: readonly Identified[],
  start: number,
  end: number,
  signal?: AbortSignal,
  span?: IdSpan,
): Promise<Set<bigint>> {
  if (series.length === 0 || end < start) return new Set();
  const [from, to] = [milliseconds(start), milliseconds(Math.floor(end))];
  const rows = await engine.query<{ id: string }>(
    `SELECT DISTINCT id FROM nightshift.samples
     WHERE ${hoursBetween(Number(from), Number(to))}${span ? ofSpan(span) : condition(series)}
     SETTINGS max_query_size = 16777216`,
    { start: from, end: to },
    signal,
  );
  return new Set(rows.map(({ id }) => BigInt(id)));
}
