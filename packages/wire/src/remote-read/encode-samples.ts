import { writeHistogram } from '../histogram/encode.ts';
import { FIXED64, VARINT } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { writeLabels } from '../remote-write/encode.ts';
import type { ReadSeries } from './read-series.ts';

/**
 * Encodes a prometheus.ReadResponse: one list of series for each query, in the order of the queries. The caller puts it
 * into a Snappy block. Values keep their bits.
 */
export function encodeReadResponse(results: readonly (readonly ReadSeries[])[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const result of results) {
    const start = writer.open(1);
    for (const series of result) writeSeries(writer, series);
    writer.close(start);
  }
  return writer.finish();
}

function writeSeries(writer: ProtoWriter, { labels, timestamps, values, histograms }: ReadSeries): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const start = writer.open(1);
  writeLabels(writer, labels);
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms?.[i]) continue;
    const sample = writer.open(2);
    writer.tag(1, FIXED64);
    writer.fixed64(words[2 * i]!, words[2 * i + 1]!);
    writer.tag(2, VARINT);
    writer.int64(timestamps[i]!);
    writer.close(sample);
  }
  for (const [i, histogram] of (histograms ?? []).entries()) {
    if (histogram) writeHistogram(writer, 4, timestamps[i]!, histogram);
  }
  writer.close(start);
}
