/** By the place of a batch's series its number in a table, -1 for one that it does not know. */
export class SeriesRefs {
  private all = new Int32Array(4096).fill(-1);
  /** Places from here on are unknown. */
  private used = 0;

  set(place: number, numbers: Uint32Array): void {
    this.reach(place + numbers.length);
    this.all.set(numbers, place);
    this.used = Math.max(this.used, place + numbers.length);
  }

  /** Moves those of the first `count` series to `into`, so that all are unknown again. */
  drain(into: Int32Array): void {
    this.reach(into.length);
    into.set(this.all.subarray(0, into.length));
    this.clear();
  }

  clear(): void {
    this.all.fill(-1, 0, this.used);
    this.used = 0;
  }

  private reach(length: number): void {
    if (length <= this.all.length) return;
    const larger = new Int32Array(Math.max(length, 2 * this.all.length)).fill(-1);
    larger.set(this.all);
    this.all = larger;
  }
}
