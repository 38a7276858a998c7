import type { FloatHistogram } from '../histogram/histogram.ts';
import type { SeriesSamples } from '../source.ts';

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const HIGH_WORD = LITTLE_ENDIAN ? 1 : 0;

/** The NaN that says "this series ended here" (prometheus model/value/value.go). Only its bits tell it from other NaNs. */
export function staleMarkers(count = 1): Float64Array {
  const markers = new Float64Array(count);
  const words = new Uint32Array(markers.buffer);
  for (let i = 0; i < count; i++) {
    words[2 * i + HIGH_WORD] = STALE_HIGH;
    words[2 * i + 1 - HIGH_WORD] = STALE_LOW;
  }
  return markers;
}

/** Tells stale markers of one array apart by their bits; a plain read could lose them. */
export function staleTest(values: Float64Array): (index: number) => boolean {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return (index) =>
    Number.isNaN(values[index]) &&
    words[2 * index + HIGH_WORD] === STALE_HIGH &&
    words[2 * index + 1 - HIGH_WORD] === STALE_LOW;
}

/** Whether any is not a number, and so may be a marker. */
export function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

/** The samples without markers; the same arrays if there are none. */
export function withoutStale(samples: SeriesSamples): SeriesSamples {
  if (samples.withoutNaN || !hasNaN(samples.values)) return samples;
  const isStale = staleTest(samples.values);
  let stale = 0;
  for (let i = 0; i < samples.values.length; i++) if (isStale(i)) stale++;
  if (stale === 0) return samples;
  const timestamps = new Float64Array(samples.values.length - stale);
  const values = new Float64Array(timestamps.length);
  const histograms: (FloatHistogram | undefined)[] | undefined = samples.histograms && new Array(timestamps.length);
  const startTimestamps = samples.startTimestamps?.filter((_, i) => !isStale(i));
  for (let i = 0, out = 0; i < samples.values.length; i++) {
    if (isStale(i)) continue;
    timestamps[out] = samples.timestamps[i]!;
    if (histograms) histograms[out] = samples.histograms![i];
    values[out++] = samples.values[i]!;
  }
  return {
    timestamps,
    values,
    ...(histograms ? { histograms } : {}),
    ...(startTimestamps ? { startTimestamps } : {}),
  };
}
