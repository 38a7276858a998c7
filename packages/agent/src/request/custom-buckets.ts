import { ByteWriter } from './byte-writer.ts';
import { Fields, LENGTH } from './fields.ts';

/** The field of a TimeSeries that holds histograms, and that of a histogram which holds its schema. */
const HISTOGRAMS = 4;
const SCHEMA = 4;

/** The schema -53, as protobuf's sint32 has it. */
const CUSTOM = 105;

/** Whether a prometheus.Histogram lists the bounds of its buckets. */
export function hasCustomBuckets(bytes: Uint8Array, start: number, end: number): boolean {
  const fields = new Fields(bytes, start, end);
  let isCustom = false;
  while (fields.next()) if (fields.field === SCHEMA) isCustom = bytes[fields.contentStart] === CUSTOM;
  return isCustom;
}

/**
 * A prometheus.WriteRequest without its histograms of custom buckets, which remote write 1.0 has no field for ("DO NOT use
 * in remote write clients", prompb/types.proto), and how many they were. A series that has nothing else goes with them.
 */
export function withoutCustomBuckets(request: Uint8Array): { readonly bytes: Uint8Array; readonly leftOut: number } {
  const out = new ByteWriter(request.length);
  const series = new ByteWriter(1024);
  let leftOut = 0;
  const fields = new Fields(request, 0, request.length);
  while (fields.next()) {
    const dropped = fields.field === 1 ? copySeries(series, request, fields.contentStart, fields.end) : 0;
    leftOut += dropped;
    if (dropped === 0) out.copy(request, fields.start, fields.end);
    else if (series.size > 0) {
      out.byte((1 << 3) | LENGTH);
      out.varint(series.size);
      out.copy(series.view());
    }
  }
  return { bytes: out.view(), leftOut };
}

/** Returns how many histograms it passed over; nothing is copied of a series without other samples. */
function copySeries(into: ByteWriter, bytes: Uint8Array, start: number, end: number): number {
  into.cut(0);
  let dropped = 0;
  let samples = 0;
  const fields = new Fields(bytes, start, end);
  while (fields.next()) {
    if (fields.field === HISTOGRAMS && hasCustomBuckets(bytes, fields.contentStart, fields.end)) {
      dropped++;
      continue;
    }
    if (fields.field === 2 || fields.field === HISTOGRAMS) samples++;
    into.copy(bytes, fields.start, fields.end);
  }
  if (samples === 0) into.cut(0);
  return dropped;
}
