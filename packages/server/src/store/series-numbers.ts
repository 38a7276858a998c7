/** The series of a batch as the index numbers them. */
import type { MetricBatch, SeriesTable } from '@nightshift/wire';
import type { SeriesIndex } from './series-index.ts';

/** A batch with the number in the index of each of its series. */
export interface NumberedBatch {
  readonly batch: MetricBatch;
  readonly numbers: Uint32Array;
}

/** Remembers the numbers of what stands in the table of a write memory: for those a label set is not looked up again. */
export class SeriesNumbers {
  private table: SeriesTable | undefined;
  private numbers = new Int32Array(0);

  constructor(private readonly index: SeriesIndex) {}

  /** Makes the batch's series known to the index. */
  number(batch: MetricBatch): NumberedBatch {
    const { series, known } = batch;
    const numbers = new Uint32Array(series.length);
    if (known) this.follow(known.table);
    const refs = known?.table === this.table ? known?.refs : undefined;
    for (let i = 0; i < numbers.length; i++) {
      const ref = refs ? refs[i]! : -1;
      const number = ref < 0 ? -1 : this.numbers[ref]!;
      numbers[i] = number >= 0 ? number : this.intern(batch, i, ref);
    }
    return { batch, numbers };
  }

  private intern({ series, known }: MetricBatch, place: number, ref: number): number {
    const { number, labels } = this.index.intern(series[place]!);
    if (ref >= 0 && known) {
      this.numbers[ref] = number;
      known.table.labels[ref] = labels;
    }
    return number;
  }

  /** A batch of an older table that was under way when it was replaced is numbered without it. */
  private follow(table: SeriesTable): void {
    if (table !== this.table) {
      if (this.table && table.born < this.table.born) return;
      this.table = table;
      this.numbers = new Int32Array(0);
    }
    if (table.size <= this.numbers.length) return;
    const larger = new Int32Array(Math.max(table.size, this.numbers.length * 2)).fill(-1);
    larger.set(this.numbers);
    this.numbers = larger;
  }
}
