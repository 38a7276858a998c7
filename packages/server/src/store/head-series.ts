/**
 * The newest samples of one series, in ascending order of time, one per time. The arrays live outside of the JavaScript
 * heap and grow by doubling.
 */
export class HeadSeries {
  #times = new Float64Array(0);
  #values = new Float64Array(0);
  #words = new Uint32Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes held, unused room included. */
  get bytes(): number {
    return this.#times.byteLength + this.#values.byteLength;
  }

  #resize(capacity: number, from = 0): void {
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    times.set(this.#times.subarray(from, this.#length));
    values.set(this.#values.subarray(from, this.#length));
    this.#times = times;
    this.#values = values;
    this.#words = new Uint32Array(values.buffer);
    this.#length -= from;
  }

  /** Time of the oldest sample, undefined for none. */
  get oldest(): number | undefined {
    return this.#length === 0 ? undefined : this.#times[0];
  }

  /** First position whose time is at or after `time`. */
  #lowerBound(time: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes the double at `index` of `words` bit by bit. At a time that is there already, the last one wins. */
  insert(time: number, words: Uint32Array, index: number): void {
    const last = this.#length === 0 ? Number.NEGATIVE_INFINITY : (this.#times[this.#length - 1] as number);
    const at = time > last ? this.#length : this.#lowerBound(time);
    if (at === this.#length || this.#times[at] !== time) {
      if (this.#length === this.#times.length) this.#resize(Math.max(8, this.#length * 2));
      this.#times.copyWithin(at + 1, at, this.#length);
      this.#values.copyWithin(at + 1, at, this.#length);
      this.#times[at] = time;
      this.#length++;
    }
    this.#words[2 * at] = words[2 * index] ?? 0;
    this.#words[2 * at + 1] = words[2 * index + 1] ?? 0;
  }

  /** Copies of what lies in start <= t <= end. */
  range(start: number, end: number): { timestamps: Float64Array; values: Float64Array } {
    const from = this.#lowerBound(start);
    const to = end === Number.POSITIVE_INFINITY ? this.#length : this.#lowerBound(end + 1);
    return { timestamps: this.#times.slice(from, to), values: this.#values.slice(from, to) };
  }

  has(start: number, end: number): boolean {
    const at = this.#lowerBound(start);
    return at < this.#length && (this.#times[at] as number) <= end;
  }

  /** Forgets everything before `time` and gives back what room is not needed. */
  trim(time: number): void {
    const from = this.#lowerBound(time);
    if (from > 0) this.#resize(this.#length - from, from);
  }
}
