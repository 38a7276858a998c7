/** Native histograms as the engine has them. */
import type { SelectBudget } from '@nightshift/promql';
import type { NativeHistogram } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { condition, milliseconds } from './engine-samples.ts';
import { bytesOfHistogram, HistogramDecoder } from './histogram-payload.ts';
import { RowBinaryReader } from './row-binary.ts';
import type { Series } from './series-index.ts';

/** The histograms of one series; times (Unix milliseconds) ascend strictly. */
export interface HistogramColumns {
  readonly timestamps: number[];
  readonly histograms: NativeHistogram[];
}

/** A row, with its payload as a view. */
export interface HistogramRow {
  readonly id: bigint;
  readonly time: number;
  readonly payload: Uint8Array;
}

/** In order of series and time. Where the engine has a time twice, the one that came last is the last. */
async function rowsOf(
  engine: Engine,
  where: string,
  params: { readonly start: string; readonly end: string },
  signal?: AbortSignal,
): Promise<Iterable<HistogramRow>> {
  const bytes = await engine.queryBytes(
    `SELECT id, toUnixTimestamp64Milli(time), payload FROM nightshift.histograms WHERE ${where}
     ORDER BY id, time, toUInt64(splitByChar('_', toString(_part))[2]), _part_offset
     SETTINGS max_query_size = 16777216 FORMAT RowBinary`,
    params,
    signal,
  );
  return readRows(new RowBinaryReader(bytes));
}

function* readRows(rows: RowBinaryReader): Generator<HistogramRow> {
  while (!rows.done) yield { id: rows.uint64(), time: Number(rows.int64()), payload: rows.binary() };
}

const rangeOf = (start: number, end: number) => ({ start: milliseconds(start), end: milliseconds(Math.floor(end)) });

/** The histograms of the series with start <= t <= end (Unix milliseconds), by series id. */
export async function engineHistograms(
  engine: Engine,
  series: readonly Series[],
  start: number,
  end: number,
  signal?: AbortSignal,
  budget?: SelectBudget,
): Promise<Map<bigint, HistogramColumns>> {
  const found = new Map<bigint, HistogramColumns>();
  if (series.length === 0 || end < start) return found;
  const wanted = new Set(series.map(({ id }) => id));
  const decoder = new HistogramDecoder();
  for (const { id, time, payload } of await rowsOf(engine, condition(series), rangeOf(start, end), signal)) {
    if (!wanted.has(id)) continue;
    const histogram = decoder.decode(payload);
    budget?.samples(1, bytesOfHistogram(histogram));
    let columns = found.get(id);
    if (!columns) {
      columns = { timestamps: [], histograms: [] };
      found.set(id, columns);
    }
    if (columns.timestamps.at(-1) === time) columns.histograms[columns.histograms.length - 1] = histogram;
    else {
      columns.timestamps.push(time);
      columns.histograms.push(histogram);
    }
  }
  return found;
}

const WITHIN = `time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')`;

/** The rows of all series with start <= t <= end, for filling the head. */
export const engineHistogramRows = (engine: Engine, start: number, end: number): Promise<Iterable<HistogramRow>> =>
  rowsOf(engine, WITHIN, rangeOf(start, end));

/** Which of the series have a histogram with start <= t <= end. */
export async function engineHistogramSeries(
  engine: Engine,
  series: readonly Series[],
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Set<bigint>> {
  if (series.length === 0 || end < start) return new Set();
  const rows = await engine.query<{ id: string }>(
    `SELECT DISTINCT id FROM nightshift.histograms WHERE ${condition(series)} SETTINGS max_query_size = 16777216`,
    rangeOf(start, end),
    signal,
  );
  return new Set(rows.map(({ id }) => BigInt(id)));
}

/** All series that have a histogram. */
export async function allHistogramSeries(engine: Engine): Promise<bigint[]> {
  const rows = await engine.query<{ id: string }>('SELECT DISTINCT id FROM nightshift.histograms');
  return rows.map(({ id }) => BigInt(id));
}
