import { bytesOfHistogram } from './histogram-payload.ts';
import type { NumberedBatch } from './series-numbers.ts';

/** About three million samples, as two batches for the engine may have; what is beyond it is decoded again when its turn comes. */
const MOST_BYTES = 64 * 1024 * 1024;
const BLOCK_BYTES = 1024 * 1024;
const BYTES_PER_SAMPLE = 20;
const BYTES_PER_SERIES = 4;

/**
 * Memory for the columns of some batches, one behind the other; written anew when none of them is kept any more. The thread
 * that makes the blocks for the engine reads them where they are.
 */
interface Block {
  readonly memory: SharedArrayBuffer;
  used: number;
  batches: number;
}

interface Kept {
  readonly numbered: NumberedBatch;
  readonly bytes: number;
  readonly block: Block;
}

/**
 * What records of the journal decode to, without the labels, kept from when they came until they go to the engine. Their
 * columns are copied to blocks that are used again: buffers that live for seconds and then die made V8 look through its
 * whole heap for every half a million samples.
 */
export class RecentBatches {
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;
  private current: Block | undefined;
  private free: Block[] = [];

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** `place` is the record's in the journal. Not kept when there are too many already. */
  keep(place: string, batch: NumberedBatch): void {
    const bytes = sizeOf(batch);
    if (this.bytes + bytes > this.mostBytes) return;
    this.bytes += bytes;
    const block = this.blockFor(roomOf(batch));
    this.kept.set(place, { numbered: copyOf(batch, block), bytes, block });
  }

  find(place: string): NumberedBatch | undefined {
    return this.kept.get(place)?.numbered;
  }

  /** What `find` gave of it may not be used any more. */
  forget(place: string): void {
    const found = this.kept.get(place);
    if (!found) return;
    const { bytes, block } = found;
    this.bytes -= bytes;
    this.kept.delete(place);
    if (--block.batches > 0) return;
    block.used = 0;
    if (block !== this.current && block.memory.byteLength === BLOCK_BYTES) this.free.push(block);
    if (this.kept.size === 0) this.free = [];
  }

  private blockFor(room: number): Block {
    if (this.current && this.current.used + room <= BLOCK_BYTES) return this.current;
    if (room > BLOCK_BYTES) return newBlock(room);
    this.current = this.free.pop() ?? newBlock(BLOCK_BYTES);
    return this.current;
  }
}

const newBlock = (bytes: number): Block => ({ memory: new SharedArrayBuffer(bytes), used: 0, batches: 0 });

/** The rows name series by their numbers; a list of labels for each record took 90 MB under load. */
function copyOf(numbered: NumberedBatch, block: Block): NumberedBatch {
  const { numbers } = numbered;
  const { seriesIndex, timestamps, values, metadata, histograms, exemplars, exemplarsDropped } = numbered.batch;
  const { memory, used } = block;
  const samples = timestamps.length;
  const valuesAt = used + 8 * samples;
  const indexAt = valuesAt + 8 * samples;
  const copy = {
    seriesIndex: new Uint32Array(memory, indexAt, samples),
    timestamps: new Float64Array(memory, used, samples),
    values: new Float64Array(memory, valuesAt, samples),
    numbers: new Uint32Array(memory, indexAt + 4 * samples, numbers.length),
  };
  copy.seriesIndex.set(seriesIndex);
  copy.timestamps.set(timestamps);
  copy.values.set(values);
  copy.numbers.set(numbers);
  block.used += roomOf(numbered);
  block.batches++;
  const { numbers: ownNumbers, ...columns } = copy;
  const rest = { metadata, exemplars, exemplarsDropped, ...(histograms && { histograms }) };
  return { numbers: ownNumbers, batch: { series: [], ...columns, ...rest } };
}

/** Bytes of its columns, in whole doubles. */
function roomOf({ batch, numbers }: NumberedBatch): number {
  return (batch.timestamps.length * BYTES_PER_SAMPLE + numbers.length * BYTES_PER_SERIES + 7) & ~7;
}

function sizeOf(numbered: NumberedBatch): number {
  let bytes = roomOf(numbered);
  for (const { histogram } of numbered.batch.histograms ?? []) bytes += bytesOfHistogram(histogram);
  return bytes;
}
