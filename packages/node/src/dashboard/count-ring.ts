/** Rows of counts for numbered slots of time, as many as it holds; a slot that comes anew begins with zeros. */
export class CountRing {
  private readonly numbers: Float64Array;
  private readonly counts: Uint32Array;

  constructor(
    private readonly slots: number,
    readonly width: number,
  ) {
    this.numbers = new Float64Array(slots).fill(-1);
    this.counts = new Uint32Array(slots * width);
  }

  /** To be written to, as long as no later slot has taken its place. */
  row(slot: number): Uint32Array {
    const place = slot % this.slots;
    const row = this.counts.subarray(place * this.width, (place + 1) * this.width);
    if (this.numbers[place] !== slot) {
      this.numbers[place] = slot;
      row.fill(0);
    }
    return row;
  }

  /** Over the slots from this one on. */
  sum(from: number): Float64Array {
    const sums = new Float64Array(this.width);
    for (let place = 0; place < this.slots; place++) {
      const number = this.numbers[place]!;
      if (number < 0 || number < from) continue;
      for (let column = 0; column < this.width; column++) sums[column]! += this.counts[place * this.width + column]!;
    }
    return sums;
  }
}
