/** Samples of series over consecutive hours, unpacked when a query comes to them. */
import type { SelectBudget } from '@nightshift/promql';
import { newColumns } from '../head-chunk.ts';
import { lowerBound, type SampleColumns } from '../sample-columns.ts';
import { HOUR_MS } from './hours.ts';
import { countOf, hasNumbersOnly, haveSameTimes, unpackTimes, unpackValues } from './pack.ts';
import type { Packs } from './packed-reader.ts';
import type { PackedHour } from './range-pieces.ts';

/** Times that are put into one piece of memory. */
const TIMES = 8192;

/** Samples of a series by its place; undefined if it has none. `values` is filled anew by the next call, `timestamps` stays. */
export type ReadSeries = (place: number) => (SampleColumns & { readonly withoutNaN?: boolean }) | undefined;

export class UnpackedSeries {
  private columns = newColumns(0);
  private timesBuffer = new Float64Array(0);
  private timesUsed = 0;
  /** Of the series at the place `timesOf`: all times of its hours are `skipped` before `times` and some behind it. */
  private timesOf = -1;
  private times = new Float64Array(0);
  private skipped = 0;

  /** Samples with start <= time <= end, Unix milliseconds. */
  constructor(
    private readonly hours: readonly PackedHour[],
    private readonly packs: Packs,
    private readonly start: number,
    private readonly end: number,
  ) {}

  /** Tells the budget of so many series. */
  count(series: number, budget: SelectBudget): void {
    for (let place = 0; place < series; place++) budget.samples(this.countOf(place));
  }

  read: ReadSeries = (place) => {
    if (this.timesOf < 0 || !this.hasTimesOf(place)) this.findTimes(place);
    const { times: timestamps, hours, columns, skipped } = this;
    if (timestamps.length === 0) return undefined;
    let count = 0;
    let withoutNaN = true;
    for (let at = 0; at < hours.length; at++) {
      const pack = this.packs(place, at);
      count += unpackValues(pack.bytes, pack.from, pack.to, columns, count);
      withoutNaN &&= hasNumbersOnly(pack);
    }
    return { timestamps, values: columns.values.subarray(skipped, skipped + timestamps.length), withoutNaN };
  };

  private countOf(place: number): number {
    let count = 0;
    for (let at = 0; at < this.hours.length; at++) {
      const { bytes, from, to } = this.packs(place, at);
      count += countOf(bytes, from, to);
    }
    return count;
  }

  private hasTimesOf(place: number): boolean {
    for (let at = 0; at < this.hours.length; at++) {
      if (!haveSameTimes(this.packs(place, at), this.packs(this.timesOf, at))) return false;
    }
    return true;
  }

  private findTimes(place: number): void {
    const { hours } = this;
    const most = this.countOf(place);
    if (this.timesUsed + most > this.timesBuffer.length) {
      this.timesBuffer = new Float64Array(Math.max(TIMES, most));
      this.timesUsed = 0;
    }
    let count = 0;
    for (let at = 0; at < hours.length; at++) {
      const { bytes, from, to } = this.packs(place, at);
      const hourStart = hours[at]!.hour * HOUR_MS;
      count += unpackTimes(bytes, from, to, hourStart, this.timesBuffer, this.timesUsed + count);
    }
    const all = this.timesBuffer.subarray(this.timesUsed, this.timesUsed + count);
    this.timesUsed += count;
    this.skipped = lowerBound(all, count, this.start);
    let last = count;
    while (last > this.skipped && all[last - 1]! > this.end) last--;
    this.times = all.subarray(this.skipped, last);
    this.timesOf = place;
    if (this.columns.times.length < count) this.columns = newColumns(Math.max(2 * count, 512));
  }
}
