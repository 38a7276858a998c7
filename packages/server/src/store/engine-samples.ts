/** Samples as the engine has them. */
import type { SelectBudget } from '@nightshift/promql';
import type { Engine } from '../engine/engine.ts';
import { type SampleColumns, wordsOf } from './sample-columns.ts';
import type { Series } from './series-index.ts';

const ROW_BYTES = 24;
/** Beyond this many ids it is cheaper to read all series and leave out some. */
const MOST_IDS = 50_000;
/** What DateTime64 can hold: the years 1900 to 2299. */
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 11, 31);

/** A time as a parameter of a query, within what the engine can hold. */
export const milliseconds = (time: number): string => String(Math.ceil(Math.min(LATEST, Math.max(EARLIEST, time))));

/** Ids are numbers of our own making, so that they can stand in the text; everything else is a parameter. */
export function condition(series: readonly Series[]): string {
  const ids = series.length > MOST_IDS ? '' : `id IN (${series.map(({ id }) => id).join(',')}) AND `;
  const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
  return `${ids}time >= ${time('start')} AND time <= ${time('end')}`;
}

/**
 * All samples of the series with start <= t <= end (Unix milliseconds), by series id, ascending. Where the engine has a
 * time twice, the one that came last counts: parts are numbered in order of insertion, and within one it is kept. The
 * budget is asked while rows come, and what it throws ends the query in the engine as well.
 */
export async function engineSamples(
  engine: Engine,
  series: readonly Series[],
  start: number,
  end: number,
  signal?: AbortSignal,
  budget?: SelectBudget,
): Promise<Map<bigint, SampleColumns>> {
  if (series.length === 0 || end < start) return new Map();
  const bytes = await engine.queryBytes(
    `SELECT id, toUnixTimestamp64Milli(time) AS at, value FROM nightshift.samples WHERE ${condition(series)}
     ORDER BY id, time, toUInt64(splitByChar('_', toString(_part))[2]), _part_offset
     SETTINGS max_query_size = 16777216 FORMAT RowBinary`,
    { start: milliseconds(start), end: milliseconds(Math.floor(end)) },
    signal,
    (received) => budget?.samples(received / ROW_BYTES, received),
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
  series: readonly Series[],
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Set<bigint>> {
  if (series.length === 0 || end < start) return new Set();
  const rows = await engine.query<{ id: string }>(
    `SELECT DISTINCT id FROM nightshift.samples WHERE ${condition(series)} SETTINGS max_query_size = 16777216`,
    { start: milliseconds(start), end: milliseconds(Math.floor(end)) },
    signal,
  );
  return new Set(rows.map(({ id }) => BigInt(id)));
}
