/** What the store has to know before it can answer: series and metadata from the engine, the newest samples into the head. */
import type { MetricMetadata, MetricType } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { unfinishedDeletions } from './deletion-runs.ts';
import { engineSamples } from './engine-samples.ts';
import { Head } from './head.ts';
import { engineHistogramRows } from './histogram-engine.ts';
import { RowBinaryReader } from './row-binary.ts';
import { wordsOf } from './sample-columns.ts';
import type { SeriesIndex } from './series-index.ts';

const SLICE_MS = 600_000;
/** What a sample takes in the head, as a rule; if it is more, the head gives up the oldest. */
const SAMPLE_BYTES = 8;
/** What a histogram takes beside its payload. */
const HISTOGRAM_BYTES = 32;
/** Of the head's cap, when it is filled from the engine: the samples of the next minutes need room as well. */
const WARM_SHARE = 0.6;

export async function loadSeries(engine: Engine, index: SeriesIndex): Promise<void> {
  const bytes = await engine.queryBytes(
    'SELECT id, labels FROM nightshift.series WHERE id NOT IN (SELECT id FROM nightshift.series_gone) FORMAT RowBinary',
  );
  const rows = new RowBinaryReader(bytes);
  while (!rows.done) {
    const id = rows.uint64();
    index.load(id, rows.map());
  }
}

export async function loadMetadata(engine: Engine): Promise<Map<string, MetricMetadata>> {
  const rows = await engine.query<{ name: string; type: MetricType; help: string; unit: string }>(
    'SELECT name, type, help, unit FROM nightshift.metadata FINAL ORDER BY name',
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** A head with the engine's samples of the last `windowMs`, or of as much of it as fits. */
export async function warmHead(
  engine: Engine,
  index: SeriesIndex,
  options: { readonly maxBytes: number; readonly windowMs: number; readonly now: number },
): Promise<Head> {
  const { maxBytes, windowMs, now } = options;
  const earliest = Math.max(now - windowMs, await firstUndisturbed(engine));
  const from = await warmFrom(engine, earliest, maxBytes * WARM_SHARE);
  const head = new Head(maxBytes, from ?? Number.NEGATIVE_INFINITY);
  if (from === undefined) return head;
  const all = index.matchAny([]);
  for (let start = from; ; start += SLICE_MS) {
    // The last slice takes what is dated into the future along.
    const last = start + SLICE_MS > now;
    const end = last ? Number.MAX_SAFE_INTEGER : start + SLICE_MS - 1;
    const slice = await engineSamples(engine, all, start, end);
    for (const [id, { timestamps, values }] of slice) {
      const series = index.get(id);
      if (!series) continue;
      const words = wordsOf(values);
      for (let i = 0; i < timestamps.length; i++) {
        head.insert(series.number, timestamps[i]!, words[2 * i]!, words[2 * i + 1]!);
      }
    }
    for (const { id, time, payload } of await engineHistogramRows(engine, start, end)) {
      const series = index.get(id);
      if (series) head.insertHistogram(series.number, time, payload);
    }
    if (last) return head;
  }
}

/** Behind everything that is still to be deleted: samples of that would come back into the head, and stay there. */
async function firstUndisturbed(engine: Engine): Promise<number> {
  const ends = (await unfinishedDeletions(engine)).map(({ end }) => end + 1);
  if (ends.length === 0) return Number.NEGATIVE_INFINITY;
  const [newest] = await engine.query<{ time: string }>(
    'SELECT toUnixTimestamp64Milli(max(time)) AS time FROM nightshift.samples',
  );
  return Math.min(Math.max(...ends), Number(newest?.time ?? 0) + 1);
}

/** The earliest slice from which everything fits; undefined when the engine has no sample at all. */
async function warmFrom(engine: Engine, earliest: number, bytes: number): Promise<number | undefined> {
  const [total] = await engine.query<{ n: string }>(
    'SELECT (SELECT count() FROM nightshift.samples) + (SELECT count() FROM nightshift.histograms) AS n',
  );
  if (Number(total?.n ?? 0) === 0) return undefined;
  const start = Math.ceil(earliest);
  const sliceOf = `toInt32(intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, ${SLICE_MS})) AS slice`;
  const since = `time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') GROUP BY slice`;
  const slices = await engine.query<{ slice: number; bytes: string }>(
    `SELECT slice, sum(bytes) AS bytes FROM (
       SELECT ${sliceOf}, ${SAMPLE_BYTES} * count() AS bytes FROM nightshift.samples WHERE ${since}
       UNION ALL
       SELECT ${sliceOf}, sum(${HISTOGRAM_BYTES} + length(payload)) AS bytes FROM nightshift.histograms WHERE ${since}
     ) GROUP BY slice ORDER BY slice DESC`,
    { start: String(start) },
  );
  let room = bytes;
  let first = Number.POSITIVE_INFINITY;
  for (const { slice, bytes: needed } of slices) {
    room -= Number(needed);
    if (room < 0) return Math.min(first, slice + 1) * SLICE_MS + start;
    first = slice;
  }
  return start;
}
