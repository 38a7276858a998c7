/** Puts the samples of each series together from rows that come in blocks, each block in order, the blocks in any order. */
import { type NativeBlock, nativeBlocks } from './native-blocks.ts';
import { ReadBuffer } from './read-buffer.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Samples that are read into one piece of memory. */
const BUFFER_SAMPLES = 65_536;

/** Columns of a block: which series, milliseconds since the start of the request, value. */
interface Rows {
  readonly times: Uint32Array | BigInt64Array;
  readonly values: Float64Array;
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

function addRuns({ rows: count, columns }: NativeBlock, runs: Map<bigint | number, Run[]>): void {
  const [idColumn, timeColumn, valueColumn] = columns;
  if (!idColumn || !timeColumn || !valueColumn) return;
  const ids = idColumn.type === 'UInt32' ? new Uint32Array(idColumn.bytes) : new BigUint64Array(idColumn.bytes);
  const words = new Uint32Array(idColumn.bytes);
  const width = words.length / count;
  const times = timeColumn.type === 'UInt32' ? new Uint32Array(timeColumn.bytes) : new BigInt64Array(timeColumn.bytes);
  const rows = { times, values: new Float64Array(valueColumn.bytes) };
  for (let from = 0; from < count; ) {
    let to = from + 1;
    if (width === 1) while (to < count && words[to] === words[from]) to++;
    else while (to < count && words[2 * to] === words[2 * from] && words[2 * to + 1] === words[2 * from + 1]) to++;
    const id = ids[from]!;
    const known = runs.get(id);
    if (known) known.push({ rows, from, to });
    else runs.set(id, [{ rows, from, to }]);
    from = to;
  }
}

/** Undefined if the times of the runs do not ascend. */
function joined(runs: Run[], start: number, buffer: ReadBuffer): SampleColumns | undefined {
  if (runs.length > 1) runs.sort((a, b) => Number(a.rows.times[a.from]!) - Number(b.rows.times[b.from]!));
  let count = 0;
  for (const { from, to } of runs) count += to - from;
  buffer.makeRoom(count);
  const { times, values } = buffer.columns;
  let at = 0;
  for (const { rows, from, to } of runs) {
    const { usedTimes } = buffer;
    const column = rows.times;
    if (column instanceof Uint32Array)
      for (let i = from; i < to; i++) times[usedTimes + at + i - from] = start + column[i]!;
    else for (let i = from; i < to; i++) times[usedTimes + at + i - from] = start + Number(column[i]!);
    values.set(rows.values.subarray(from, to), buffer.usedValues + at);
    at += to - from;
  }
  for (let i = buffer.usedTimes + 1; i < buffer.usedTimes + count; i++)
    if (!(times[i]! > times[i - 1]!)) return undefined;
  return buffer.take(0, count);
}
