import type { MetricBatch } from '../batch.ts';
import { blockOf, decodeSnappy, SnappyScratch } from '../snappy.ts';
import { SeriesTable, type SeriesTableOptions } from './series-table.ts';
import { WriteModule } from './write-module.ts';

/** What a decoder says of the series of a batch when it was given a memory. */
export interface KnownWriteSeries {
  readonly table: SeriesTable;
  /** For each of the batch's series its number in the table, -1 for one that it does not know. */
  readonly refs: Int32Array;
  /** Series that the table could learn, with the bytes of their labels: a copy. */
  readonly fresh: readonly { readonly series: number; readonly bytes: Uint8Array }[];
  /** Where the batch's columns are, until it is released. */
  memory?: ArrayBuffer | undefined;
}

/** Memory of batches that is kept for the next ones. */
const LEAST_SPARE_BYTES = 64 * 1024;
const MOST_SPARE_BYTES = 1024 * 1024;
const MOST_SPARE = 16;

/**
 * The series that earlier write requests have named. Nothing is remembered by decoding: the caller hands a batch to
 * `remember` when it has accepted it whole, so that a series that is known is one whose labels were found good.
 */
export class WriteMemory {
  /** Replaced by an empty one when it is full: a batch keeps the one it was decoded with. */
  table: SeriesTable;

  private readonly module = new WriteModule();
  private readonly scratch = new SnappyScratch();
  private readonly options: SeriesTableOptions;
  private readonly spare: ArrayBuffer[] = [];

  constructor(options: SeriesTableOptions = {}) {
    this.options = options;
    this.table = new SeriesTable(options, this.module);
  }

  /** As `decodeSnappy`, sooner; valid until the next body is inflated or decoded with this memory. */
  inflate(body: Uint8Array, maxBytes: number): Uint8Array {
    const { length, preamble } = blockOf(body, maxBytes);
    return this.module.inflate(body, preamble, length) ?? decodeSnappy(body, maxBytes, this.scratch);
  }

  /** Memory for the columns of a batch: that of one which was released, if there is any of at least so many bytes. */
  columnMemory(bytes: number): ArrayBuffer {
    const found = bytes <= MOST_SPARE_BYTES ? this.spare.pop() : undefined;
    if (found && found.byteLength >= bytes) return found;
    return new ArrayBuffer(Math.max(LEAST_SPARE_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
  }

  /**
   * Gives the memory of the columns back. Nobody may use the batch afterwards; one that is never released goes as everything
   * else does.
   */
  release({ known }: MetricBatch): void {
    const memory = known?.memory;
    if (!known || !memory) return;
    known.memory = undefined;
    if (memory.byteLength <= MOST_SPARE_BYTES && this.spare.length < MOST_SPARE) this.spare.push(memory);
  }

  remember(batch: MetricBatch): void {
    const { known } = batch;
    if (!known || known.fresh.length === 0 || known.table !== this.table) return;
    for (const { series: place, bytes } of known.fresh) {
      const ref = this.table.add(bytes, batch.series[place]!);
      if (ref < 0) {
        this.table = new SeriesTable(this.options, this.module);
        return;
      }
      known.refs[place] = ref;
    }
  }
}
