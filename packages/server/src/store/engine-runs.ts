/** Puts the samples of each series together from rows that come in blocks, each block in order, the blocks in any order. */
import { type NativeBlock, nativeBlocks } from './native-blocks.ts';
import { ReadBuffer } from './read-buffer.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Samples that are read into one piece of memory. */
const BUFFER_SAMPLES = 65_536;

/** Columns of a block as they were received: milliseconds since the start of the request, in so many bytes, and values. */
interface Rows {
  readonly times: DataView;
  readonly timeBytes: 4 | 8;
  readonly values: Uint8Array;
}

/** The rows from <= i < to of a block, which are of one series. */
interface Run {
  readonly rows: Rows;
  readonly from: number;
  readonly to: number;
}

export interface Collected {
  readonly samples: Map<bigint, SampleColumns>;
  /** Series that have a time more than once: which of the values counts cannot be told from here. */
  readonly doubtful: bigint[];
}

/**
 * Rows of id (UInt64, or its low half as UInt32 where that tells the series apart), milliseconds since `start` (UInt32 or
 * Int64) and value. Rows of ids that are not in `ids` are left out.
 */
export function collectRuns(bytes: Uint8Array, ids: readonly bigint[], start: number): Collected {
  const runs = new Map<bigint | number, Run[]>();
  for (const block of nativeBlocks(bytes)) addRuns(block, runs);
  const samples = new Map<bigint, SampleColumns>();
  const doubtful: bigint[] = [];
  const buffer = new ReadBuffer(BUFFER_SAMPLES);
  for (const id of ids) {
    const own = runs.get(id) ?? runs.get(Number(id & 0xffffffffn));
    if (!own) continue;
    const found = joined(own, start, buffer);
    if (found) samples.set(id, found);
    else doubtful.push(id);
  }
  return { samples, doubtful };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function addRuns({ rows: count, columns }: NativeBlock, runs: Map<bigint | number, Run[]>): void {
  const [idColumn, timeColumn, valueColumn] = columns;
  if (!idColumn || !timeColumn || !valueColumn) return;
  const ids = viewOf(idColumn.bytes);
  const isHalf = idColumn.type === 'UInt32';
  const rows: Rows = {
    times: viewOf(timeColumn.bytes),
    timeBytes: timeColumn.type === 'UInt32' ? 4 : 8,
    values: valueColumn.bytes,
  };
  for (let from = 0; from < count; ) {
    const to = isHalf ? endOfHalfId(ids, from, count) : endOfId(ids, from, count);
    const id = isHalf ? ids.getUint32(4 * from, true) : ids.getBigUint64(8 * from, true);
    const known = runs.get(id);
    if (known) known.push({ rows, from, to });
    else runs.set(id, [{ rows, from, to }]);
    from = to;
  }
}

/** Where the rows that have the same id as that one end. */
function endOfHalfId(ids: DataView, from: number, count: number): number {
  const id = ids.getUint32(4 * from, true);
  let to = from + 1;
  while (to < count && ids.getUint32(4 * to, true) === id) to++;
  return to;
}

function endOfId(ids: DataView, from: number, count: number): number {
  const low = ids.getUint32(8 * from, true);
  const high = ids.getUint32(8 * from + 4, true);
  let to = from + 1;
  while (to < count && ids.getUint32(8 * to, true) === low && ids.getUint32(8 * to + 4, true) === high) to++;
  return to;
}

function timeAt({ times, timeBytes }: Rows, row: number): number {
  if (timeBytes === 4) return times.getUint32(4 * row, true);
  return times.getUint32(8 * row, true) + times.getInt32(8 * row + 4, true) * 2 ** 32;
}

/** Undefined if the times of the runs do not ascend. */
function joined(runs: Run[], start: number, buffer: ReadBuffer): SampleColumns | undefined {
  if (runs.length > 1) runs.sort((a, b) => timeAt(a.rows, a.from) - timeAt(b.rows, b.from));
  let count = 0;
  for (const { from, to } of runs) count += to - from;
  buffer.makeRoom(count);
  const { times, values } = buffer.columns;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let timesAt = buffer.usedTimes;
  let valuesAt = buffer.usedValues;
  let before = Number.NEGATIVE_INFINITY;
  for (const { rows, from, to } of runs) {
    for (let row = from; row < to; row++) {
      const time = start + timeAt(rows, row);
      if (!(time > before)) return undefined;
      times[timesAt++] = time;
      before = time;
    }
    bytes.set(rows.values.subarray(8 * from, 8 * to), 8 * valuesAt);
    valuesAt += to - from;
  }
  return buffer.take(0, count);
}
