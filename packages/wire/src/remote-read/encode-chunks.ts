import { LENGTH, VARINT } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { writeLabels } from '../remote-write/encode.ts';
import { crc32c } from './crc32c.ts';
import { histogramChunk } from './histogram-chunk.ts';
import type { ReadSeries } from './read-series.ts';
import { CHUNK_SAMPLES, XorChunkEncoder } from './xor-chunk.ts';

/** prometheus.Chunk.Encoding. */
const XOR = 1;
const FLOAT_HISTOGRAM = 3;
/** Tags, times and lengths around the data of a chunk, and around the message, at most. */
const CHUNK_OVERHEAD = 48;

/**
 * Encodes series as frames of prometheus.ChunkedReadResponse, each with the chunks of one series, of a histogram one for each:
 *
 *     size LEB128 | CRC-32C of the message u32, big-endian | message
 *
 * A series whose chunks would take more than `maxFrameBytes` goes on in the next frame, with its labels again; a message
 * is larger than that only where the labels and a single chunk are.
 */
export class ChunkedReadEncoder {
  private readonly chunks = new XorChunkEncoder();

  constructor(private readonly maxFrameBytes: number) {}

  /** Nothing for a series without samples. */
  *frames(series: ReadSeries, queryIndex: number): Generator<Uint8Array> {
    const { timestamps } = series;
    let frame: ChunkFrame | undefined;
    for (let from = 0, to = 0; from < timestamps.length; from = to) {
      const histogram = series.histograms?.[from];
      to = histogram ? from + 1 : endOfFloats(series, from);
      const data = histogram
        ? histogramChunk(timestamps[from]!, histogram)
        : this.chunks.encode(timestamps, series.values, from, to);
      if (frame && frame.size + data.length + CHUNK_OVERHEAD > this.maxFrameBytes) {
        yield frame.finish(queryIndex);
        frame = undefined;
      }
      frame ??= new ChunkFrame(series);
      frame.add(timestamps[from]!, timestamps[to - 1]!, histogram ? FLOAT_HISTOGRAM : XOR, data);
    }
    if (frame) yield frame.finish(queryIndex);
  }
}

/** Where a chunk that begins with this float ends. */
function endOfFloats({ timestamps, histograms }: ReadSeries, from: number): number {
  const most = Math.min(from + CHUNK_SAMPLES, timestamps.length);
  if (!histograms) return most;
  let to = from + 1;
  while (to < most && !histograms[to]) to++;
  return to;
}

class ChunkFrame {
  private readonly writer = new ProtoWriter();
  private readonly start: number;

  constructor({ labels }: ReadSeries) {
    this.start = this.writer.open(1);
    writeLabels(this.writer, labels);
  }

  get size(): number {
    return this.writer.size;
  }

  add(first: number, last: number, encoding: number, data: Uint8Array): void {
    const { writer } = this;
    const chunk = writer.open(2);
    writer.tag(1, VARINT);
    writer.int64(first);
    writer.tag(2, VARINT);
    writer.int64(last);
    writer.tag(3, VARINT);
    writer.uint32(encoding);
    writer.tag(4, LENGTH);
    writer.uint32(data.length);
    writer.raw(data);
    writer.close(chunk);
  }

  finish(queryIndex: number): Uint8Array {
    const { writer } = this;
    writer.close(this.start);
    if (queryIndex !== 0) {
      writer.tag(2, VARINT);
      writer.uint32(queryIndex);
    }
    return framed(writer.finish());
  }
}

function framed(message: Uint8Array): Uint8Array {
  const prefix = new ProtoWriter(16);
  prefix.uint32(message.length);
  const size = prefix.size;
  const frame = new Uint8Array(size + 4 + message.length);
  frame.set(prefix.finish());
  new DataView(frame.buffer).setUint32(size, crc32c(message), false);
  frame.set(message, size + 4);
  return frame;
}
