/** Where the samples of many series are read to, some series to a piece of memory. */
import { type Columns, newColumns } from './head-chunk.ts';
import type { SampleColumns } from './sample-columns.ts';

export class ReadBuffer {
  columns: Columns = newColumns(0);
  usedTimes = 0;
  usedValues = 0;
  /** Those of the series before: series that are scraped together have the same, which are kept once. */
  private lastTimes: Float64Array = new Float64Array();

  /** @param samples of a piece, or more where one series has more */
  constructor(private readonly samples: number) {}

  makeRoom(count: number): void {
    if (this.usedValues + count <= this.columns.times.length) return;
    this.columns = newColumns(Math.max(count, this.samples));
    this.usedTimes = 0;
    this.usedValues = 0;
  }

  /** The samples that were read behind what is used, but for some at both ends. */
  take(skipped: number, count: number): SampleColumns {
    const { times, values } = this.columns;
    const from = this.usedTimes + skipped;
    if (!this.hasLastTimes(from, count)) {
      this.lastTimes = times.subarray(from, from + count);
      this.usedTimes = from + count;
    }
    const start = this.usedValues + skipped;
    this.usedValues = start + count;
    return { timestamps: this.lastTimes, values: values.subarray(start, start + count) };
  }

  private hasLastTimes(from: number, count: number): boolean {
    const { times } = this.columns;
    const { lastTimes } = this;
    if (lastTimes.length !== count || lastTimes[count - 1] !== times[from + count - 1]) return false;
    for (let i = 0; i < count; i++) if (lastTimes[i] !== times[from + i]) return false;
    return true;
  }
}
