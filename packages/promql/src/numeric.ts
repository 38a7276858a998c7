/** A sum that also carries what floating point lost (Neumaier's variant of Kahan's). */
export class KahanSum {
  sum = 0;
  compensation = 0;

  constructor(sum = 0, compensation = 0) {
    this.sum = sum;
    this.compensation = compensation;
  }

  add(value: number): void {
    const next = this.sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.compensation = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.compensation += this.sum - next + value;
    else this.compensation += value - next + this.sum;
    this.sum = next;
  }

  get total(): number {
    return this.sum + this.compensation;
  }
}

/** A mean that turns to Prometheus' incremental form only when the plain sum overflows. */
export class KahanMean {
  private count = 0;
  private state = new KahanSum();
  private incremental = false;

  add(value: number): void {
    this.count++;
    if (this.count === 1) {
      this.state.sum = value;
      return;
    }
    if (!this.incremental) {
      const next = new KahanSum(this.state.sum, this.state.compensation);
      next.add(value);
      if (Math.abs(next.sum) !== Number.POSITIVE_INFINITY) {
        this.state = next;
        return;
      }
      this.incremental = true;
      this.state.sum /= this.count - 1;
      this.state.compensation /= this.count - 1;
    }
    const share = (this.count - 1) / this.count;
    this.state = new KahanSum(share * this.state.sum, share * this.state.compensation);
    this.state.add(value / this.count);
  }

  get mean(): number {
    if (this.incremental) return this.state.total;
    return this.state.sum / this.count + this.state.compensation / this.count;
  }
}

/** The φ-quantile with linear interpolation; sorts `values` in place. NaN sorts first. */
export function quantileOf(q: number, values: Float64Array | number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  sortNanFirst(values);
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/** Typed arrays sort much faster without a comparison of their own; NaN is then last. */
function sortNanFirst(values: Float64Array | number[]): void {
  if (Array.isArray(values)) {
    values.sort(nanFirst);
    return;
  }
  values.sort();
  let numbers = values.length;
  while (numbers > 0 && Number.isNaN(values[numbers - 1])) numbers--;
  if (numbers === values.length) return;
  values.copyWithin(values.length - numbers, 0, numbers);
  values.fill(Number.NaN, 0, values.length - numbers);
}

export function nanFirst(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) ? 1 : a - b;
}
