import { FIXED64, LENGTH, ProtoReader } from '../../../packages/wire/src/protobuf/reader.ts';

/** A field's values in the order of the wire: messages and texts as bytes, fixed ones as doubles, others as varints. */
type Values = readonly { readonly number: number; readonly value: number | Uint8Array }[];

export interface RawSample {
  readonly value: number;
  /** The value's 64 bits, low and high: a stale marker is a NaN of its own. */
  readonly bits: readonly [number, number];
  readonly timestamp: number;
  readonly start: number;
}

export interface RawHistogram {
  readonly count: number;
  readonly sum: number;
  readonly schema: number;
  readonly zeroCount: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
  readonly timestamp: number;
  readonly start: number;
}

export interface RawExemplar {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  readonly timestamp: number;
}

export interface RawMetadata {
  readonly type: number;
  readonly help: string;
  readonly unit: string;
}

/** A series as it stood in the request: nothing sorted, nothing left out. */
export interface RawSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly samples: readonly RawSample[];
  readonly histograms: readonly RawHistogram[];
  readonly exemplars: readonly RawExemplar[];
  /** Of 2.0. */
  readonly metadata: RawMetadata | undefined;
}

export interface RawRequest {
  readonly series: readonly RawSeries[];
  /** Of 2.0; empty in 1.0. */
  readonly symbols: readonly string[];
  /** Of 1.0, by name. */
  readonly metadata: ReadonlyMap<string, RawMetadata>;
  /** Of 2.0: whether every list of references is of pairs. */
  readonly hasPairs: boolean;
}

function fieldsOf(bytes: Uint8Array): Values {
  const reader = new ProtoReader(bytes);
  const found: { number: number; value: number | Uint8Array }[] = [];
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    const wireType = tag & 7;
    const read = () => {
      if (wireType === LENGTH) return reader.bytes();
      return wireType === FIXED64 ? reader.double() : reader.int64();
    };
    found.push({ number: tag >>> 3, value: read() });
  }
  return found;
}

const all = (fields: Values, number: number): Uint8Array[] =>
  fields.filter((field) => field.number === number).map(({ value }) => value as Uint8Array);

const one = (fields: Values, number: number): number =>
  (fields.find((field) => field.number === number)?.value as number | undefined) ?? 0;

const text = (bytes: Uint8Array | undefined): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

function packed<T>(lists: readonly Uint8Array[], read: (reader: ProtoReader) => T): T[] {
  return lists.flatMap((bytes) => {
    const reader = new ProtoReader(bytes);
    const found: T[] = [];
    while (reader.pos < reader.end) found.push(read(reader));
    return found;
  });
}

const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** Counts of buckets from the differences between them. */
function bucketsOf(deltas: readonly Uint8Array[]): number[] {
  let count = 0;
  return packed(deltas, (reader) => {
    count += zigzag(reader.uint64());
    return count;
  });
}

function sampleOf(bytes: Uint8Array): RawSample {
  const fields = fieldsOf(bytes);
  const reader = new ProtoReader(bytes);
  let bits: [number, number] = [0, 0];
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag !== ((1 << 3) | FIXED64)) reader.skip(tag);
    else {
      reader.fixed64();
      bits = [reader.lo, reader.hi];
    }
  }
  return { value: one(fields, 1), bits, timestamp: one(fields, 2), start: one(fields, 3) };
}

function histogramOf(bytes: Uint8Array): RawHistogram {
  const fields = fieldsOf(bytes);
  return {
    count: one(fields, 1) || one(fields, 2),
    sum: one(fields, 3),
    schema: zigzag(one(fields, 4)),
    zeroCount: one(fields, 6),
    negative: bucketsOf(all(fields, 9)),
    positive: bucketsOf(all(fields, 12)),
    timestamp: one(fields, 15),
    start: one(fields, 17),
  };
}

function labelOf(bytes: Uint8Array): readonly [string, string] {
  const fields = fieldsOf(bytes);
  return [text(all(fields, 1)[0]), text(all(fields, 2)[0])];
}

/** prometheus.WriteRequest, out of its Snappy block. */
export function readV1(bytes: Uint8Array): RawRequest {
  const fields = fieldsOf(bytes);
  const series = all(fields, 1).map((each) => {
    const parts = fieldsOf(each);
    return {
      labels: all(parts, 1).map(labelOf),
      samples: all(parts, 2).map(sampleOf),
      exemplars: all(parts, 3).map((exemplar) => {
        const own = fieldsOf(exemplar);
        return { labels: all(own, 1).map(labelOf), value: one(own, 2), timestamp: one(own, 3) };
      }),
      histograms: all(parts, 4).map(histogramOf),
      metadata: undefined,
    };
  });
  const metadata = new Map(
    all(fields, 3).map((each) => {
      const own = fieldsOf(each);
      const about = { type: one(own, 1), help: text(all(own, 4)[0]), unit: text(all(own, 5)[0]) };
      return [text(all(own, 2)[0]), about] as const;
    }),
  );
  return { series, symbols: [], metadata, hasPairs: true };
}

/** io.prometheus.write.v2.Request, out of its Snappy block. Throws where a reference leads to no symbol. */
export function readV2(bytes: Uint8Array): RawRequest {
  const fields = fieldsOf(bytes);
  const symbols = all(fields, 4).map(text);
  let hasPairs = true;
  const symbol = (ref: number): string => {
    const found = symbols[ref];
    if (found === undefined) throw new Error(`reference ${ref} of ${symbols.length} symbols`);
    return found;
  };
  const labelsOf = (lists: readonly Uint8Array[]) => {
    const refs = packed(lists, (reader) => reader.uint64());
    if (refs.length % 2 !== 0) hasPairs = false;
    return Array.from(
      { length: refs.length >> 1 },
      (_, i) => [symbol(refs[2 * i]!), symbol(refs[2 * i + 1]!)] as const,
    );
  };
  const series = all(fields, 5).map((each) => {
    const parts = fieldsOf(each);
    const about = all(parts, 5)[0];
    const own = about && fieldsOf(about);
    return {
      labels: labelsOf(all(parts, 1)),
      samples: all(parts, 2).map(sampleOf),
      histograms: all(parts, 3).map(histogramOf),
      exemplars: all(parts, 4).map((exemplar) => {
        const of = fieldsOf(exemplar);
        return { labels: labelsOf(all(of, 1)), value: one(of, 2), timestamp: one(of, 3) };
      }),
      metadata: own && { type: one(own, 1), help: symbol(one(own, 3)), unit: symbol(one(own, 4)) },
    };
  });
  return { series, symbols, metadata: new Map(), hasPairs };
}
