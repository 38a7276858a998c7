import { WireError } from '../batch.ts';
import { LENGTH, ProtoReader, VARINT } from '../protobuf/reader.ts';

export type ReadMatcherOp = '=' | '!=' | '=~' | '!~';

export interface ReadMatcher {
  readonly op: ReadMatcherOp;
  readonly name: string;
  readonly value: string;
}

/** What the reader will do with the samples; times and durations in milliseconds. */
export interface ReadHints {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** The function or aggregation around the selector; `series` asks for label sets alone. */
  readonly func: string;
  readonly range: number;
  readonly grouping: readonly string[];
  readonly by: boolean;
}

export interface ReadQuery {
  /** Unix milliseconds, both ends included. */
  readonly start: number;
  readonly end: number;
  readonly matchers: readonly ReadMatcher[];
  /** Absent where the reader sent none. */
  readonly hints?: ReadHints;
}

/** prometheus.ReadRequest.ResponseType, by number; numbers that are not known here are kept as they came. */
export const SAMPLES = 0;
export const STREAMED_XOR_CHUNKS = 1;

export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  /** In order of preference; empty means samples. */
  readonly acceptedResponseTypes: readonly number[];
}

/** prometheus.LabelMatcher.Type, by number. */
const OPS: readonly ReadMatcherOp[] = ['=', '!=', '=~', '!~'];

const WHERE = 'remote read';
// A reader sends one query per selector of an expression; this many would only hold memory.
const MAX_QUERIES = 1000;

/**
 * Decodes a prometheus.ReadRequest (prometheus/prompb/remote.proto), already out of its Snappy block.
 * @throws WireError for damage, a matcher of unknown type, or more than 1,000 queries.
 */
export function decodeReadRequest(proto: Uint8Array): ReadRequest {
  const reader = new ProtoReader(proto);
  const queries: ReadQuery[] = [];
  const acceptedResponseTypes: number[] = [];
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | LENGTH)) {
      if (queries.length === MAX_QUERIES) throw new WireError(`${WHERE}: more than ${MAX_QUERIES} queries`);
      queries.push(nested(reader, readQuery));
    } else if (tag === ((2 << 3) | VARINT)) acceptedResponseTypes.push(reader.int64() | 0);
    else if (tag === ((2 << 3) | LENGTH)) nested(reader, (packed) => readPacked(packed, acceptedResponseTypes));
    else skipUnknown(reader, tag, 2);
  }
  return { queries, acceptedResponseTypes };
}

function readPacked(reader: ProtoReader, types: number[]): void {
  while (reader.pos < reader.end) types.push(reader.int64() | 0);
}

function readQuery(reader: ProtoReader): ReadQuery {
  const matchers: ReadMatcher[] = [];
  const query: { start: number; end: number; matchers: ReadMatcher[]; hints?: ReadHints } = {
    start: 0,
    end: 0,
    matchers,
  };
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) query.start = reader.int64();
    else if (tag === ((2 << 3) | VARINT)) query.end = reader.int64();
    else if (tag === ((3 << 3) | LENGTH)) matchers.push(nested(reader, readMatcher));
    else if (tag === ((4 << 3) | LENGTH)) query.hints = nested(reader, readHints);
    else skipUnknown(reader, tag, 4);
  }
  return query;
}

function readMatcher(reader: ProtoReader): ReadMatcher {
  let type = 0;
  let name = '';
  let value = '';
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) type = reader.uint64();
    else if (tag === ((2 << 3) | LENGTH)) name = reader.string();
    else if (tag === ((3 << 3) | LENGTH)) value = reader.string();
    else skipUnknown(reader, tag, 3);
  }
  const op = OPS[type];
  if (op === undefined)
    throw new WireError(`${WHERE}: matcher type ${type} of label ${JSON.stringify(name)}; known: 0–3`);
  return { op, name, value };
}

function readHints(reader: ProtoReader): ReadHints {
  const grouping: string[] = [];
  const hints = { start: 0, end: 0, step: 0, func: '', range: 0, grouping, by: false };
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) hints.step = reader.int64();
    else if (tag === ((2 << 3) | LENGTH)) hints.func = reader.string();
    else if (tag === ((3 << 3) | VARINT)) hints.start = reader.int64();
    else if (tag === ((4 << 3) | VARINT)) hints.end = reader.int64();
    else if (tag === ((5 << 3) | LENGTH)) grouping.push(reader.string());
    else if (tag === ((6 << 3) | VARINT)) hints.by = reader.uint64() !== 0;
    else if (tag === ((7 << 3) | VARINT)) hints.range = reader.int64();
    else skipUnknown(reader, tag, 7);
  }
  return hints;
}

function nested<T>(reader: ProtoReader, read: (reader: ProtoReader) => T): T {
  const outer = reader.enter();
  const value = read(reader);
  reader.leave(outer);
  return value;
}

/** Skips a field beyond `known`; one of the known numbers with another wire type is damage. */
function skipUnknown(reader: ProtoReader, tag: number, known: number): void {
  if (tag >>> 3 <= known) throw reader.error(`field ${tag >>> 3} has the wrong wire type ${tag & 7}`, reader.pos - 1);
  reader.skip(tag);
}
