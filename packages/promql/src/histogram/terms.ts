/** Figures with what floating point lost of each (Neumaier's variant of Kahan's sum). */
export class Terms {
  readonly sums: Float64Array;
  readonly lost: Float64Array;

  constructor(sums: Float64Array, lost = new Float64Array(sums.length)) {
    this.sums = sums;
    this.lost = lost;
  }

  add(at: number, value: number): void {
    const sum = this.sums[at]!;
    const next = sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.lost[at] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.lost[at]! += sum - next + value;
    else this.lost[at]! += value - next + sum;
    this.sums[at] = next;
  }

  /** Adds `values[i] / divisor` to term i of all. */
  addEach(values: Float64Array, divisor: number): void {
    const { sums, lost } = this;
    for (let i = 0; i < sums.length; i++) {
      const value = values[i]! / divisor;
      const sum = sums[i]!;
      const next = sum + value;
      if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) lost[i] = 0;
      else lost[i]! += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sums[i] = next;
    }
  }

  /** The term is one of the carried ones, so a 0 changes nothing. */
  addLost(at: number, value: number): void {
    if (value !== 0) this.add(at, value);
  }

  multiply(factor: number): void {
    for (let i = 0; i < this.sums.length; i++) {
      this.sums[i]! *= factor;
      this.lost[i]! *= factor;
    }
  }

  divide(divisor: number): void {
    for (let i = 0; i < this.sums.length; i++) {
      this.sums[i]! /= divisor;
      this.lost[i]! /= divisor;
    }
  }

  overflows(): boolean {
    return this.sums.includes(Number.POSITIVE_INFINITY) || this.sums.includes(Number.NEGATIVE_INFINITY);
  }

  copy(): Terms {
    return new Terms(this.sums.slice(), this.lost.slice());
  }

  totals(): Float64Array {
    const totals = new Float64Array(this.sums.length);
    for (let i = 0; i < totals.length; i++) totals[i] = this.sums[i]! + this.lost[i]!;
    return totals;
  }
}
