/** Samples of one series in columns. `words` are the bits of `values`: through them a stale marker survives a copy. */
export interface SampleColumns {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** The halves of doubles as 32-bit words, low first, as every platform that Node runs on has them. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** First index whose time is not before `time`; times are ascending. */
export function lowerBound(times: Float64Array, to: number, time: number, from = 0): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const noSamples: SampleColumns = { timestamps: new Float64Array(0), values: new Float64Array(0) };

/** One after the other; the parts are in order of time and do not overlap. */
export function concatColumns(parts: readonly SampleColumns[]): SampleColumns {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.timestamps.length, 0);
  const timestamps = new Float64Array(length);
  const values = new Float64Array(length);
  let offset = 0;
  for (const part of parts) {
    timestamps.set(part.timestamps, offset);
    values.set(part.values, offset);
    offset += part.timestamps.length;
  }
  return { timestamps, values };
}
