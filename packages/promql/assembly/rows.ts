/**
 * The hot loops of aggregations in one pass, in AssemblyScript: they run in WebAssembly, for its loads, sums and products of
 * two doubles at once. Each gives the very bits of its counterpart in TypeScript. All addresses are those of the memory.
 */

/** The place of the first double of from <= i < to that is less than the one before, `to` where there is none. */
export function nextFall(values: usize, from: u32, to: u32): u32 {
  let i: usize = from;
  const stop: usize = to;
  for (; i + 2 <= stop; i += 2) {
    const at = values + (i << 3);
    if (v128.any_true(f64x2.lt(v128.load(at), v128.load(at - 8)))) break;
  }
  for (; i < stop; i++) if (load<f64>(values + (i << 3)) < load<f64>(values + (i << 3) - 8)) return <u32>i;
  return to;
}

/**
 * For each step the increase within its window, times the factor of the step. `from` and `to` are the places of the first
 * sample of each window and behind its last. `columns` are five of `length` steps: seconds between first and last sample,
 * seconds to add before and after, the factor, and what the first value of a counter is multiplied with: an increase below
 * that is not limited by where the counter would have been zero. From step `slidesFrom` on each window begins and ends one
 * sample after the one before.
 */
export function increases(
  values: usize,
  from: usize,
  to: usize,
  columns: usize,
  length: u32,
  row: usize,
  begin: u32,
  end: u32,
  isCounter: bool,
  slidesFrom: u32,
  divisor: f64,
): void {
  const factor = columns + 24 * <usize>length;
  const reach = columns + 32 * <usize>length;
  let step: usize = begin;
  for (; step < <usize>slidesFrom; step++) {
    const first = load<f64>(values + ((<usize>load<i32>(from + (step << 2))) << 3));
    const last = load<f64>(values + ((<usize>load<i32>(to + (step << 2))) << 3) - 8);
    one(first, last, columns, length, row, step, isCounter, divisor);
  }
  const stop: usize = end;
  let first = values + ((<usize>load<i32>(from + (step << 2))) << 3);
  let last = values + ((<usize>load<i32>(to + (step << 2))) << 3) - 8;
  for (; step + 2 <= stop; step += 2, first += 16, last += 16) {
    const before = v128.load(first);
    const increase = f64x2.sub(v128.load(last), before);
    if (isCounter && v128.any_true(f64x2.le(f64x2.mul(before, v128.load(reach + (step << 3))), increase))) {
      one(load<f64>(first), load<f64>(last), columns, length, row, step, isCounter, divisor);
      one(load<f64>(first + 8), load<f64>(last + 8), columns, length, row, step + 1, isCounter, divisor);
    } else {
      v128.store(row + (step << 3), f64x2.mul(increase, v128.load(factor + (step << 3))));
    }
  }
  if (step < stop) one(load<f64>(first), load<f64>(last), columns, length, row, step, isCounter, divisor);
}

/** One step of `increases`. */
function one(
  first: f64,
  last: f64,
  columns: usize,
  length: u32,
  row: usize,
  step: usize,
  isCounter: bool,
  divisor: f64,
): void {
  const size = 8 * <usize>length;
  const at = step << 3;
  const increase = last - first;
  let factor = load<f64>(columns + 3 * size + at);
  if (isCounter && increase > 0 && first >= 0) {
    if (first * load<f64>(columns + 4 * size + at) <= increase) {
      const between = load<f64>(columns + at);
      const toZero = between * (first / increase);
      if (toZero < load<f64>(columns + size + at)) {
        const toEnd = load<f64>(columns + 2 * size + at);
        factor = (between === 0 ? 1 : (between + toZero + toEnd) / between) / divisor;
      }
    }
  }
  store<f64>(row + at, increase * factor);
}

/** Adds the steps of a row to sums, and what is lost in rounding to `lost` (Neumaier, Knuth's TwoSum). */
export function add(sums: usize, lost: usize, row: usize, begin: u32, end: u32): void {
  let at: usize = (<usize>begin) << 3;
  const stop: usize = (<usize>end) << 3;
  for (; at + 16 <= stop; at += 16) {
    const value = v128.load(row + at);
    const sum = v128.load(sums + at);
    const next = f64x2.add(sum, value);
    const part = f64x2.sub(next, sum);
    const missing = f64x2.add(f64x2.sub(sum, f64x2.sub(next, part)), f64x2.sub(value, part));
    v128.store(sums + at, next);
    v128.store(lost + at, f64x2.add(v128.load(lost + at), missing));
  }
  if (at < stop) {
    const value = load<f64>(row + at);
    const sum = load<f64>(sums + at);
    const next = sum + value;
    const part = next - sum;
    store<f64>(sums + at, next);
    store<f64>(lost + at, load<f64>(lost + at) + (sum - (next - part) + (value - part)));
  }
}
