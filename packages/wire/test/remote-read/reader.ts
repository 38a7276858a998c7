/** The other side of remote read, written from the format alone: requests encoded, answers of both kinds decoded. */
import { checkedHistogram } from '../../src/histogram/checked.ts';
import type { HistogramBuckets, NativeHistogram, ResetHint } from '../../src/histogram/histogram.ts';
import { readHistogram } from '../../src/histogram/message.ts';
import { FIXED64, LENGTH, ProtoReader, VARINT } from '../../src/protobuf/reader.ts';
import { ProtoWriter } from '../../src/protobuf/writer.ts';
import type { ReadQuery, ReadRequest } from '../../src/remote-read/decode-request.ts';

export interface DecodedSample {
  readonly timestamp: bigint;
  /** The bits of the double. */
  readonly bits: bigint;
}

export interface DecodedHistogram {
  readonly timestamp: number;
  readonly histogram: NativeHistogram;
}

export interface DecodedSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly samples: DecodedSample[];
  /** Absent where there is none. */
  readonly histograms?: DecodedHistogram[];
}

export function encodeReadRequest({ queries, acceptedResponseTypes }: ReadRequest): Uint8Array {
  const writer = new ProtoWriter();
  for (const query of queries) writeQuery(writer, query);
  for (const type of acceptedResponseTypes) {
    writer.tag(2, VARINT);
    writer.int64(type);
  }
  return writer.finish();
}

function int(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, VARINT);
  writer.int64(value);
}

function writeQuery(writer: ProtoWriter, { start, end, matchers, hints }: ReadQuery): void {
  const query = writer.open(1);
  int(writer, 1, start);
  int(writer, 2, end);
  for (const { op, name, value } of matchers) {
    const matcher = writer.open(3);
    int(writer, 1, ['=', '!=', '=~', '!~'].indexOf(op));
    writer.string(2, name);
    writer.string(3, value);
    writer.close(matcher);
  }
  if (hints) {
    const start = writer.open(4);
    int(writer, 1, hints.step);
    writer.string(2, hints.func);
    int(writer, 3, hints.start);
    int(writer, 4, hints.end);
    for (const name of hints.grouping) writer.string(5, name);
    int(writer, 6, hints.by ? 1 : 0);
    int(writer, 7, hints.range);
    writer.close(start);
  }
  writer.close(query);
}

/** Reads fields of a message; `fields` by number get the reader at the value, other fields fail. */
function message(reader: ProtoReader, fields: Record<number, (reader: ProtoReader, tag: number) => void>): void {
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    const read = fields[tag >>> 3];
    if (!read) throw new Error(`unexpected field ${tag >>> 3}`);
    if ((tag & 7) !== LENGTH) read(reader, tag);
    else {
      const outer = reader.enter();
      read(reader, tag);
      reader.leave(outer);
    }
  }
}

const rest = (reader: ProtoReader): Uint8Array => {
  const bytes = reader.buf.subarray(reader.pos, reader.end);
  reader.pos = reader.end;
  return bytes;
};
const text = (reader: ProtoReader): string => new TextDecoder().decode(rest(reader));

function label(reader: ProtoReader): [string, string] {
  const pair: [string, string] = ['', ''];
  message(reader, {
    1: (r) => {
      pair[0] = text(r);
    },
    2: (r) => {
      pair[1] = text(r);
    },
  });
  return pair;
}

const signed = (reader: ProtoReader): bigint => {
  reader.varint64();
  return BigInt.asIntN(64, (BigInt(reader.hi) << 32n) | BigInt(reader.lo));
};

/** prometheus.ReadResponse: by query, the series. */
export function decodeReadResponse(proto: Uint8Array): DecodedSeries[][] {
  const results: DecodedSeries[][] = [];
  message(new ProtoReader(proto), {
    1: (result) => {
      const list: DecodedSeries[] = [];
      results.push(list);
      message(result, {
        1: (one) => {
          const labels: [string, string][] = [];
          const samples: DecodedSample[] = [];
          const histograms: DecodedHistogram[] = [];
          message(one, {
            1: (r) => labels.push(label(r)),
            2: (r) => samples.push(sample(r)),
            4: (r) => {
              const read = readHistogram(r, []);
              histograms.push({ timestamp: read.timestamp, histogram: checkedHistogram(read) });
            },
          });
          list.push({ labels, samples, ...(histograms.length > 0 && { histograms }) });
        },
      });
    },
  });
  return results;
}

function sample(reader: ProtoReader): DecodedSample {
  let timestamp = 0n;
  let bits = 0n;
  message(reader, {
    1: (r, tag) => {
      if ((tag & 7) !== FIXED64) throw new Error('a value is no double');
      r.fixed64();
      bits = (BigInt(r.hi) << 32n) | BigInt(r.lo);
    },
    2: (r) => {
      timestamp = signed(r);
    },
  });
  return { timestamp, bits };
}

export interface DecodedChunk {
  readonly first: bigint;
  readonly last: bigint;
  /** 1 XOR, 3 float histograms. */
  readonly encoding: number;
  readonly samples: readonly DecodedSample[];
  readonly histograms: readonly DecodedHistogram[];
}

export interface DecodedFrame {
  readonly query: number;
  readonly bytes: number;
  readonly series: readonly {
    readonly labels: readonly (readonly [string, string])[];
    readonly chunks: DecodedChunk[];
  }[];
}

/** CRC-32C bit by bit. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The frames of a whole streamed answer. Fails on a wrong checksum, a torn frame, or a chunk whose times are not its own. */
export function decodeFrames(stream: Uint8Array): DecodedFrame[] {
  const frames: DecodedFrame[] = [];
  const reader = new ProtoReader(stream);
  while (reader.pos < stream.length) {
    const size = reader.uint64();
    const expected = reader.view.getUint32(reader.pos, false);
    const body = stream.subarray(reader.pos + 4, reader.pos + 4 + size);
    if (body.length !== size) throw new Error('a frame is torn');
    if (checksum(body) !== expected) throw new Error('a checksum is wrong');
    reader.pos += 4 + size;
    frames.push(frame(body));
  }
  return frames;
}

function frame(body: Uint8Array): DecodedFrame {
  let query = 0;
  const series: { labels: [string, string][]; chunks: DecodedChunk[] }[] = [];
  message(new ProtoReader(body), {
    1: (r) => {
      const one = { labels: [] as [string, string][], chunks: [] as DecodedChunk[] };
      message(r, { 1: (l) => one.labels.push(label(l)), 2: (c) => one.chunks.push(chunk(c)) });
      series.push(one);
    },
    2: (r) => {
      query = Number(signed(r));
    },
  });
  return { query, bytes: body.length, series };
}

function chunk(reader: ProtoReader): DecodedChunk {
  let [first, last, type] = [0n, 0n, 0n];
  let data = new Uint8Array();
  message(reader, {
    1: (r) => {
      first = signed(r);
    },
    2: (r) => {
      last = signed(r);
    },
    3: (r) => {
      type = signed(r);
    },
    4: (r) => {
      data = rest(r).slice();
    },
  });
  if (type !== 1n && type !== 3n) throw new Error(`a chunk of type ${type}`);
  const samples = type === 1n ? decodeXorChunk(data) : [];
  const histograms = type === 3n ? [decodeHistogramChunk(data)] : [];
  const times = [...samples.map(({ timestamp }) => timestamp), ...histograms.map((one) => BigInt(one.timestamp))];
  if (times[0] !== first || times.at(-1) !== last) throw new Error('times of a chunk are wrong');
  return { first, last, encoding: Number(type), samples, histograms };
}

/** An XOR chunk by its definition (tsdb/docs/format/chunks.md), one bit at a time. */
export function decodeXorChunk(data: Uint8Array): DecodedSample[] {
  let at = 16;
  const bit = (): bigint => {
    const byte = data[at >> 3];
    if (byte === undefined) throw new Error('a chunk ends too early');
    return BigInt((byte >> (7 - (at++ & 7))) & 1);
  };
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++) value = (value << 1n) | bit();
    return value;
  };
  const uvarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bits(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  };
  const deltaOfDelta = (): bigint => {
    const sizes = [14, 17, 20, 64];
    if (bit() === 0n) return 0n;
    let kind = 0;
    while (kind < 3 && bit() === 1n) kind++;
    const size = sizes[kind]!;
    const raw = bits(size);
    if (size === 64) return BigInt.asIntN(64, raw);
    return raw > 1n << BigInt(size - 1) ? raw - (1n << BigInt(size)) : raw;
  };
  const count = data[0]! * 256 + data[1]!;
  const samples: DecodedSample[] = [];
  let [timestamp, delta, value, leading, trailing] = [0n, 0n, 0n, 0, 0];
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = uvarint();
      timestamp = (zigzag >> 1n) ^ -(zigzag & 1n);
      value = bits(64);
    } else {
      delta = i === 1 ? uvarint() : delta + deltaOfDelta();
      timestamp += delta;
      if (bit() === 1n) {
        if (bit() === 1n) {
          leading = Number(bits(5));
          const size = Number(bits(6)) || 64;
          trailing = 64 - leading - size;
        }
        value ^= bits(64 - leading - trailing) << BigInt(trailing);
      }
    }
    samples.push({ timestamp, bits: value });
  }
  if (data.length !== Math.ceil(at / 8)) throw new Error('bytes behind the last sample');
  return samples;
}

/** A chunk of one float histogram by its definition, one bit at a time. */
export function decodeHistogramChunk(data: Uint8Array): DecodedHistogram {
  let at = 0;
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++, at++) {
      const byte = data[at >> 3];
      if (byte === undefined) throw new Error('a chunk ends too early');
      value = (value << 1n) | BigInt((byte >> (7 - (at & 7))) & 1);
    }
    return value;
  };
  const double = (): number => new Float64Array(BigUint64Array.of(bits(64)).buffer)[0]!;
  const varbit = (isSigned: boolean): number => {
    let ones = 0;
    while (ones < 8 && bits(1) === 1n) ones++;
    const size = [0, 3, 6, 9, 12, 18, 25, 56, 64][ones]!;
    const raw = bits(size);
    return Number(isSigned && size > 0 && raw > 1n << BigInt(size - 1) ? raw - (1n << BigInt(size)) : raw);
  };
  if (bits(16) !== 1n) throw new Error('a chunk of several histograms');
  const resetHint = ({ 0: 'unknown', 128: 'reset', 192: 'gauge' } as Record<number, ResetHint>)[Number(bits(8))];
  const zeroByte = Number(bits(8));
  const zeroThreshold = zeroByte === 0 ? 0 : zeroByte === 255 ? double() : 2 ** (zeroByte - 244);
  const schema = varbit(true);
  const indexes = (): number[] => {
    const found: number[] = [];
    let next = 0;
    for (let left = varbit(false); left > 0; left--) {
      const length = varbit(false);
      next += varbit(true);
      for (let i = 0; i < length; i++) found.push(next++);
    }
    return found;
  };
  const [positive, negative] = [indexes(), indexes()];
  const bounds: number[] = [];
  if (schema === -53) {
    for (let left = varbit(false); left > 0; left--) {
      const short = varbit(false);
      bounds.push(short === 0 ? double() : (short - 1) / 1000);
    }
  }
  const timestamp = varbit(true);
  const [count, zeroCount, sum] = [double(), double(), double()];
  const counted = (all: number[]): HistogramBuckets => ({
    indexes: Int32Array.from(all),
    counts: Float64Array.from(all, double),
  });
  const sides = { positive: counted(positive), negative: counted(negative) };
  if (data.length !== Math.ceil(at / 8)) throw new Error('bytes behind the last sample');
  const figures = { schema, count, sum, zeroThreshold, zeroCount, bounds: Float64Array.from(bounds) };
  return { timestamp, histogram: { ...figures, ...sides, resetHint: resetHint! } };
}
