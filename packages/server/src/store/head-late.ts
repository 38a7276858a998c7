/** Samples of one series that came behind newer ones, ascending in time, until they are packed with the others. */
import { type Columns, newColumns } from './head-chunk.ts';
import { lowerBound } from './sample-columns.ts';

export class LateSamples {
  count = 0;
  columns: Columns = newColumns(8);

  get bytes(): number {
    return this.columns.times.length * 16;
  }

  get newest(): number {
    return this.columns.times[this.count - 1] ?? Number.NEGATIVE_INFINITY;
  }

  /** False if there was one at that time, which is replaced. */
  insert(time: number, low: number, high: number): boolean {
    const at = lowerBound(this.columns.times, this.count, time);
    const isNew = at === this.count || this.columns.times[at] !== time;
    if (isNew) this.makeRoom(at);
    const { times, words } = this.columns;
    times[at] = time;
    words[2 * at] = low;
    words[2 * at + 1] = high;
    return isNew;
  }

  private makeRoom(at: number): void {
    if (this.count === this.columns.times.length) {
      const { times, values } = this.columns;
      this.columns = newColumns(2 * times.length);
      this.columns.times.set(times);
      this.columns.values.set(values);
    }
    this.columns.times.copyWithin(at + 1, at, this.count);
    this.columns.values.copyWithin(at + 1, at, this.count);
    this.count++;
  }
}

/** The `count` samples of `earlier` and all of `late` in order of time; at the same time the late one counts. */
export function mergeLate(earlier: Columns, count: number, late: LateSamples): { columns: Columns; count: number } {
  const columns = newColumns(count + late.count);
  let n = 0;
  let at = 0;
  const take = (from: Columns, i: number) => {
    columns.times[n] = from.times[i]!;
    columns.words[2 * n] = from.words[2 * i]!;
    columns.words[2 * n + 1] = from.words[2 * i + 1]!;
    n++;
  };
  for (let i = 0; i < count; i++) {
    const time = earlier.times[i]!;
    while (at < late.count && late.columns.times[at]! < time) take(late.columns, at++);
    if (at < late.count && late.columns.times[at] === time) take(late.columns, at++);
    else take(earlier, i);
  }
  while (at < late.count) take(late.columns, at++);
  return { columns, count: n };
}
