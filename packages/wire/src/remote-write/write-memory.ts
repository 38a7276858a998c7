import type { MetricBatch } from '../batch.ts';
import { SeriesTable, type SeriesTableOptions } from './series-table.ts';

/** What a decoder says of the series of a batch when it was given a memory. */
export interface KnownWriteSeries {
  readonly table: SeriesTable;
  /** For each of the batch's series its number in the table, -1 for one that it does not know. */
  readonly refs: Int32Array;
  /** Series that the table could learn, with the bytes of their labels: a copy. */
  readonly fresh: readonly { readonly series: number; readonly bytes: Uint8Array }[];
}

/**
 * The series that earlier write requests have named. Nothing is remembered by decoding: the caller hands a batch to
 * `remember` when it has accepted it whole, so that a series that is known is one whose labels were found good.
 */
export class WriteMemory {
  /** Replaced by an empty one when it is full: a batch keeps the one it was decoded with. */
  table: SeriesTable;

  private readonly options: SeriesTableOptions;

  constructor(options: SeriesTableOptions = {}) {
    this.options = options;
    this.table = new SeriesTable(options);
  }

  remember({ series, known }: MetricBatch): void {
    if (!known || known.fresh.length === 0 || known.table !== this.table) return;
    for (const { series: place, bytes } of known.fresh) {
      const ref = this.table.add(bytes, series[place]!);
      if (ref < 0) {
        this.table = new SeriesTable(this.options);
        return;
      }
      known.refs[place] = ref;
    }
  }
}
