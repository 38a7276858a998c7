/** The series of a batch as the index numbers them. */
import type { MetricBatch, SeriesTable } from '@nightshift/wire';
import { cutBatch, withoutSeries } from '../collect/cut-batch.ts';
import type { RefusedBySink } from '../collect/record.ts';
import type { SeriesIndex } from './series-index.ts';

/** A batch with the number in the index of each of its series. */
export interface NumberedBatch {
  /** Without what was refused. */
  readonly batch: MetricBatch;
  readonly numbers: Uint32Array;
  readonly refused?: RefusedBySink;
}

/** Remembers the numbers of what stands in the table of a write memory: for those a label set is not looked up again. */
export class SeriesNumbers {
  private table: SeriesTable | undefined;
  private numbers = new Int32Array(0);

  /** @param most series that may be known; new ones beyond it are refused, known ones go on */
  constructor(
    private readonly index: SeriesIndex,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {}

  /** Makes the batch's series known to the index. */
  number(batch: MetricBatch): NumberedBatch {
    const { known } = batch;
    const numbers = new Uint32Array(known?.refs.length ?? batch.series.length);
    if (known) this.follow(known.table);
    const refs = known?.table === this.table ? known?.refs : undefined;
    const gone = new Set<number>();
    for (let i = 0; i < numbers.length; i++) {
      const ref = refs ? refs[i]! : -1;
      const known = ref < 0 ? -1 : this.numbers[ref]!;
      const number = known >= 0 ? known : this.intern(batch, i, ref);
      if (number < 0) gone.add(i);
      else numbers[i] = number;
    }
    return gone.size === 0 ? { batch, numbers } : this.without(batch, numbers, gone);
  }

  /** Places of the batch's series that the index does not know yet. */
  unknown({ series, known }: MetricBatch): number[] {
    const refs = known?.table === this.table ? known?.refs : undefined;
    const places: number[] = [];
    for (let i = 0; i < series.length; i++) {
      const ref = refs ? refs[i]! : -1;
      if ((ref < 0 || !(this.numbers[ref]! >= 0)) && !this.index.has(series[i]!)) places.push(i);
    }
    return places;
  }

  private without(batch: MetricBatch, numbers: Uint32Array, gone: ReadonlySet<number>): NumberedBatch {
    const rest = cutBatch(batch, withoutSeries(gone));
    const [first = 0] = gone;
    const refused = {
      series: gone.size,
      samples: batch.timestamps.length - rest.timestamps.length,
      metric: batch.series[first]?.get('__name__') ?? '',
      most: this.most,
    };
    return { batch: rest, numbers: numbers.filter((_, place) => !gone.has(place)), refused };
  }

  /** -1 for a new one beyond the limit. */
  private intern({ series, known }: MetricBatch, place: number, ref: number): number {
    const found = this.index.intern(series[place]!, this.most);
    if (!found) return -1;
    const { number, labels } = found;
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
