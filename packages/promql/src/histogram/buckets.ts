import { type Buckets, NO_BUCKETS } from './histogram.ts';

/** Index that bucket `index` falls into when the resolution goes down by `shift` schemas. */
export function coarserIndex(index: number, shift: number): number {
  return ((index - 1) >> shift) + 1;
}

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
  return populated(
    indexes,
    counts.map((count) => count * factor),
  );
}

export function divideBuckets({ indexes, counts }: Buckets, divisor: number): Buckets {
  return populated(
    indexes,
    counts.map((count) => count / divisor),
  );
}

/** Merges the buckets that share `target[i]` (ascending, one for each bucket). */
export function mergeInto(target: Int32Array, counts: Float64Array): Buckets {
  const indexes = new Int32Array(target.length);
  const merged = new Float64Array(target.length);
  let last = -1;
  for (let i = 0; i < target.length; i++) {
    if (last >= 0 && indexes[last] === target[i]) {
      merged[last]! += counts[i]!;
    } else {
      indexes[++last] = target[i]!;
      merged[last] = counts[i]!;
    }
  }
  return populated(indexes.slice(0, last + 1), merged.slice(0, last + 1));
}

export function reduceBuckets(buckets: Buckets, shift: number): Buckets {
  if (shift === 0 || buckets.indexes.length === 0) return buckets;
  return mergeInto(
    buckets.indexes.map((index) => coarserIndex(index, shift)),
    buckets.counts,
  );
}

/** Without the first `count` buckets, which are those next to zero. */
export function withoutFirst(buckets: Buckets, count: number): Buckets {
  if (count === 0) return buckets;
  if (count >= buckets.indexes.length) return NO_BUCKETS;
  return { indexes: buckets.indexes.subarray(count), counts: buckets.counts.subarray(count) };
}

/** How often each bound of a custom layout maps to a coarser one: for bucket i of `bounds`, its bucket in `common`. */
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
