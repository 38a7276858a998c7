import { type Buckets, NO_BUCKETS } from './histogram.ts';

export function sameIndexes(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The buckets that count something; the arrays are taken over, not copied, where nothing has to go. */
export function populated(indexes: Int32Array, counts: Float64Array): Buckets {
  let kept = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) kept++;
  if (kept === counts.length) return kept === 0 ? NO_BUCKETS : { indexes, counts };
  if (kept === 0) return NO_BUCKETS;
  const result = { indexes: new Int32Array(kept), counts: new Float64Array(kept) };
  for (let i = 0, to = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    result.indexes[to] = indexes[i]!;
    result.counts[to++] = counts[i]!;
  }
  return result;
}

/** `a + sign · b`, bucket by bucket. */
export function addBuckets(a: Buckets, b: Buckets, sign: 1 | -1): Buckets {
  if (b.indexes.length === 0) return a;
  if (sameIndexes(a.indexes, b.indexes)) {
    const counts = new Float64Array(a.counts.length);
    for (let i = 0; i < counts.length; i++) counts[i] = a.counts[i]! + sign * b.counts[i]!;
    return populated(a.indexes, counts);
  }
  const indexes = unionOf(a.indexes, b.indexes);
  const counts = new Float64Array(indexes.length);
  for (let i = 0, inA = 0, inB = 0; i < indexes.length; i++) {
    const index = indexes[i]!;
    let count = 0;
    if (a.indexes[inA] === index) count = a.counts[inA++]!;
    if (b.indexes[inB] === index) count += sign * b.counts[inB++]!;
    counts[i] = count;
  }
  return populated(indexes, counts);
}

/** All indexes of both, ascending; `a` itself if it has all of `b`. */
export function unionOf(a: Int32Array, b: Int32Array): Int32Array {
  let missing = 0;
  for (let i = 0, j = 0; j < b.length; j++) {
    while (i < a.length && a[i]! < b[j]!) i++;
    if (a[i] !== b[j]) missing++;
  }
  if (missing === 0) return a;
  const result = new Int32Array(a.length + missing);
  for (let i = 0, j = 0, to = 0; to < result.length; to++) {
    const fromA = i < a.length ? a[i]! : Number.POSITIVE_INFINITY;
    const fromB = j < b.length ? b[j]! : Number.POSITIVE_INFINITY;
    result[to] = Math.min(fromA, fromB);
    if (fromA <= fromB) i++;
    if (fromB <= fromA) j++;
  }
  return result;
}

export function multiplyBuckets({ indexes, counts }: Buckets, factor: number): Buckets {
  const results = new Float64Array(counts.length);
  for (let i = 0; i < counts.length; i++) results[i] = counts[i]! * factor;
  return populated(indexes, results);
}

export function divideBuckets({ indexes, counts }: Buckets, divisor: number): Buckets {
  const results = new Float64Array(counts.length);
  for (let i = 0; i < counts.length; i++) results[i] = counts[i]! / divisor;
  return populated(indexes, results);
}

/** The index that each bucket has when the resolution goes down by `shift` schemas; neighbours may have the same. */
export function coarserIndexes(indexes: Int32Array, shift: number): Int32Array {
  const targets = new Int32Array(indexes.length);
  for (let i = 0; i < indexes.length; i++) targets[i] = ((indexes[i]! - 1) >> shift) + 1;
  return targets;
}

/** Each of the ascending `targets` once. */
export function distinct(targets: Int32Array): Int32Array {
  let length = 0;
  for (let i = 0; i < targets.length; i++) if (i === 0 || targets[i] !== targets[i - 1]) length++;
  if (length === targets.length) return targets;
  const result = new Int32Array(length);
  for (let i = 0, to = 0; i < targets.length; i++) {
    if (i === 0 || targets[i] !== targets[i - 1]) result[to++] = targets[i]!;
  }
  return result;
}

export function reduceBuckets({ indexes, counts }: Buckets, shift: number): Buckets {
  if (shift === 0 || indexes.length === 0) return { indexes, counts };
  const targets = coarserIndexes(indexes, shift);
  const kept = distinct(targets);
  if (kept === targets) return { indexes: kept, counts };
  const merged = new Float64Array(kept.length);
  for (let i = 0, to = 0; i < targets.length; i++) {
    if (kept[to] !== targets[i]) to++;
    merged[to]! += counts[i]!;
  }
  return populated(kept, merged);
}

/** Without the first `count` buckets, which are those next to zero. */
export function withoutFirst(buckets: Buckets, count: number): Buckets {
  if (count === 0) return buckets;
  if (count >= buckets.indexes.length) return NO_BUCKETS;
  return { indexes: buckets.indexes.subarray(count), counts: buckets.counts.subarray(count) };
}

/** For each bucket of a custom layout with `bounds` the one that takes it in when only the bounds in `common` are left. */
export function customTargets(indexes: Int32Array, bounds: Float64Array, common: Float64Array): Int32Array {
  const targets = new Int32Array(indexes.length);
  let at = 0;
  for (let i = 0; i < indexes.length; i++) {
    const upper = indexes[i]! < bounds.length ? bounds[indexes[i]!]! : Number.POSITIVE_INFINITY;
    while (at < common.length && common[at]! < upper) at++;
    targets[i] = at;
  }
  return targets;
}

export function sameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The bounds that both layouts have. */
export function commonBounds(a: Float64Array, b: Float64Array): Float64Array {
  const common = new Float64Array(Math.min(a.length, b.length));
  let length = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      common[length++] = a[i]!;
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return common.slice(0, length);
}
