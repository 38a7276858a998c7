import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/index.ts';
import { ProtoWriter } from '../../src/protobuf/writer.ts';
import { crc32c } from '../../src/remote-read/crc32c.ts';
import { decodeReadRequest, type ReadMatcher, type ReadRequest } from '../../src/remote-read/decode-request.ts';
import { ChunkedReadEncoder } from '../../src/remote-read/encode-chunks.ts';
import { encodeReadResponse } from '../../src/remote-read/encode-samples.ts';
import { compareUtf8 } from '../../src/remote-read/order.ts';
import { type ReadSeries, readSeriesOf } from '../../src/remote-read/read-series.ts';
import { CHUNK_SAMPLES, XorChunkEncoder } from '../../src/remote-read/xor-chunk.ts';
import { type DecodedSample, decodeFrames, decodeReadResponse, decodeXorChunk, encodeReadRequest } from './reader.ts';

/** Bits of doubles: any at all, and the ones that registers, parsers and compressors have trouble with. */
const bits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0x7ff0000000000002n, 0x7ff8000000000000n, 0xfff8000000000001n, 0x7ff0000000000001n),
  fc.constantFrom(0n, 2n ** 63n, 1n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x3ff0000000000000n),
  fc.nat(1000).map((n) => new BigUint64Array(new Float64Array([n]).buffer)[0]!),
);

/** Gaps between times: every bit length up to 2^42 ms (139 years), so that their differences take every code. */
const gap = fc.oneof(
  fc.constantFrom(1, 15_000, 15_000, 15_001),
  fc.tuple(fc.nat(41), fc.nat(3)).map(([exponent, more]) => 2 ** exponent + more),
  fc.integer({ min: 1, max: 2 ** 21 }),
);

const samples = (maxLength: number) =>
  fc.tuple(fc.integer({ min: -(2 ** 44), max: 2 ** 44 }), fc.array(fc.tuple(gap, bits), { minLength: 1, maxLength }));

type Columns = Pick<ReadSeries, 'timestamps' | 'values'>;

function columnsOf([start, steps]: [number, [number, bigint][]]): Columns {
  const timestamps = new Float64Array(steps.length);
  const words = new BigUint64Array(steps.length);
  let time = start;
  for (const [i, [gap, bits]] of steps.entries()) {
    timestamps[i] = time;
    words[i] = bits;
    time += gap;
  }
  return { timestamps, values: new Float64Array(words.buffer) };
}

function expected({ timestamps, values }: Columns): DecodedSample[] {
  const words = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  return Array.from(timestamps, (timestamp, i) => ({ timestamp: BigInt(timestamp), bits: words[i]! }));
}

describe('an XOR chunk', () => {
  const encoder = new XorChunkEncoder();

  it('gives back times and the bits of values', () => {
    fc.assert(
      fc.property(samples(CHUNK_SAMPLES).map(columnsOf), (columns) => {
        const data = encoder.encode(columns.timestamps, columns.values, 0, columns.timestamps.length);
        expect(decodeXorChunk(data)).toEqual(expected(columns));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(
    [14, 17, 20].flatMap((size) => [-1, 1].flatMap((sign) => [-1, 0, 1].map((by) => [size, sign, by]))),
  )('keeps a change of the interval at the edge of %i bits (sign %i, %i beyond)', (size, sign, by) => {
    const change = sign * 2 ** (size! - 1) + by!;
    const timestamps = Float64Array.of(0, 1e6, 2e6 + change, 3e6 + change, 4e6);
    const columns = { timestamps, values: Float64Array.of(1, 2, 3, 4, 5) };
    expect(decodeXorChunk(encoder.encode(timestamps, columns.values, 0, 5))).toEqual(expected(columns));
  });

  it('takes the worst that 120 samples can be', () => {
    const words = new BigUint64Array(CHUNK_SAMPLES).map((_, i) => (i % 2 ? 2n ** 64n - 1n : 0n));
    const timestamps = new Float64Array(CHUNK_SAMPLES);
    for (let i = 1; i < CHUNK_SAMPLES; i++) timestamps[i] = timestamps[i - 1]! + (i % 2 ? 2 ** 40 : 1);
    const columns = { timestamps, values: new Float64Array(words.buffer) };
    expect(decodeXorChunk(encoder.encode(timestamps, columns.values, 0, CHUNK_SAMPLES))).toEqual(expected(columns));
  });

  // Made with Prometheus' tsdb/chunkenc.
  it.each([
    {
      what: 'a counter',
      times: [1000, 2000, 3000],
      bits: [0x3ff0000000000000n, 0x4000000000000000n, 0x4008000000000000n],
      hex: '0003d00f3ff0000000000000e807c25fff6c06',
    },
    {
      what: 'stale markers, infinities and changes of the interval of every size',
      times: [0, 15_000, 30_000, 53_192, 61_384, 141_384, 156_384, 695_672, 710_672, 1e8, 1e11].map((t) => 17e11 + t),
      bits: [
        ...[0x3fb999999999999an, 0x3fc999999999999an, 0x7ff0000000000002n, 0x7ff8000000000001n, 0x7ff0000000000000n],
        ...[
          0xfff0000000000000n,
          0xbff8000000000000n,
          0xbff8000000000000n,
          0n,
          0x8000000000000000n,
          0x7e37e43c8800759cn,
        ],
      ],
      hex: '000b80a0abfef9623fb999999999999a9875d21f61f201cccccccccccce80036690000000000007b8ad14000000000000f08c406007a043184c801e800007fffffffffffc00006036fffe000000000bd59cb14003c0000005cf257f84307dfc6fc8791000eb380',
    },
  ])('is byte for byte what Prometheus writes for $what', ({ times, bits, hex }) => {
    const values = new Float64Array(BigUint64Array.from(bits).buffer);
    expect(Buffer.from(encoder.encode(Float64Array.from(times), values, 0, times.length)).toString('hex')).toBe(hex);
  });
});

describe('the checksum of a frame', () => {
  it('is CRC-32C: the check value of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });
});

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const labels = fc.dictionary(text, text, { maxKeys: 5 }).map((all) => new Map(Object.entries(all)));
const series = fc
  .tuple(labels, samples(400))
  .map(([labels, columns]) => readSeriesOf([{ labels, ...columnsOf(columns) }], new Map())[0]!);

describe('a streamed answer', () => {
  it('holds every series with all samples, in frames no larger than asked', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 4 }), fc.integer({ min: 3000, max: 20_000 }), (sent, limit) => {
        const encoder = new ChunkedReadEncoder(limit);
        const stream = Buffer.concat(sent.flatMap((one, i) => [...encoder.frames(one, i)]));
        const frames = decodeFrames(stream);
        for (const frame of frames) {
          expect(frame.bytes).toBeLessThanOrEqual(limit);
          expect(frame.series).toHaveLength(1);
          for (const { samples } of frame.series[0]!.chunks) expect(samples.length).toBeLessThanOrEqual(CHUNK_SAMPLES);
        }
        for (const [i, one] of sent.entries()) {
          const own = frames.filter((frame) => frame.query === i).map((frame) => frame.series[0]!);
          for (const part of own) expect(part.labels).toEqual(one.labels);
          expect(own.flatMap(({ chunks }) => chunks.flatMap(({ samples }) => samples))).toEqual(expected(one));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has no frame for a series without samples', () => {
    const empty = {
      labels: [['a', 'b']] as [string, string][],
      timestamps: new Float64Array(),
      values: new Float64Array(),
    };
    expect([...new ChunkedReadEncoder(1e6).frames(empty, 0)]).toEqual([]);
  });
});

describe('an answer of samples', () => {
  it('holds the series of every query in order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(series, { maxLength: 3 }), { maxLength: 3 }), (results) => {
        const decoded = decodeReadResponse(encodeReadResponse(results));
        expect(decoded).toEqual(
          results.map((list) => list.map((one) => ({ labels: one.labels, samples: expected(one) }))),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('labels on the wire', () => {
  it('are in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareUtf8('\u{1f600}', '\uffee')).toBeGreaterThan(0);
  });

  it('have the external ones that the series lacks, and series are ordered with them', () => {
    const none = { timestamps: new Float64Array(), values: new Float64Array() };
    const found = [
      { labels: new Map([['__name__', 'b']]), ...none },
      { labels: new Map(Object.entries({ __name__: 'a', zone: 'own' })), ...none },
    ];
    const sent = readSeriesOf(found, new Map(Object.entries({ zone: 'eu', A: '1' })));
    expect(sent.map(({ labels }) => labels)).toEqual([
      [
        ['A', '1'],
        ['__name__', 'a'],
        ['zone', 'own'],
      ],
      [
        ['A', '1'],
        ['__name__', 'b'],
        ['zone', 'eu'],
      ],
    ]);
  });
});

const whole = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const name = fc.string({ unit: 'grapheme', maxLength: 10 });
const matcher: fc.Arbitrary<ReadMatcher> = fc.record({ op: fc.constantFrom('=', '!=', '=~', '!~'), name, value: name });
const hints = fc.record({
  start: whole,
  end: whole,
  step: whole,
  func: name,
  range: whole,
  grouping: fc.array(name.filter((text) => text !== '')),
  by: fc.boolean(),
});
const query = fc.record(
  { start: whole, end: whole, matchers: fc.array(matcher), hints },
  { requiredKeys: ['start', 'end', 'matchers'] },
);
const request: fc.Arbitrary<ReadRequest> = fc.record({
  queries: fc.array(query, { maxLength: 4 }),
  acceptedResponseTypes: fc.array(fc.integer({ min: 0, max: 3 })),
});

describe('a read request', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(request, (sent) => {
        expect(decodeReadRequest(encodeReadRequest(sent))).toEqual(sent);
      }),
    );
  });

  it('may have its accepted types packed, as proto3 writes them', () => {
    expect(decodeReadRequest(Uint8Array.of(0x12, 2, 1, 0)).acceptedResponseTypes).toEqual([1, 0]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a matcher of an unknown type', Uint8Array.of(0x0a, 4, 0x1a, 2, 8, 9), /matcher type 9 of label ""; known: 0–3/],
    ['a query that is no message', Uint8Array.of(8, 1), /field 1 has the wrong wire type 0/],
    ['a torn query', Uint8Array.of(0x0a, 9, 8), /a length of 9 with 1 bytes left/],
    ['too many queries', manyQueries(1001), /more than 1000 queries/],
  ])('is refused with %s', (_what, body, message) => {
    expect(() => decodeReadRequest(body)).toThrow(WireError);
    expect(() => decodeReadRequest(body)).toThrow(message);
  });
});

function manyQueries(count: number): Uint8Array {
  const writer = new ProtoWriter();
  for (let i = 0; i < count; i++) writer.close(writer.open(1));
  return writer.finish();
}
