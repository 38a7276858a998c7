import { WireError } from '../batch.ts';
import { bodyText, parseJson } from '../json-text.ts';
import { FIXED32, FIXED64, LENGTH, ProtoReader, VARINT } from '../protobuf/reader.ts';
import {
  anyValueFromJson,
  arrayFromJson,
  boolFromJson,
  doubleFromJson,
  integerFromJson,
  isPresent,
  type JsonObject,
  keyValueFromJson,
  objectFromJson,
  readAnyValue,
  readKeyValue,
  stringFromJson,
} from './any-value.ts';

export type OtlpFormat = 'protobuf' | 'json';

/**
 * How a field is written. 64-bit times are bigint; counts and `asInt` are number, exact to 2^53. Ids are bytes in
 * protobuf and hexadecimal in JSON, and lower-case hexadecimal here, of whatever length was sent.
 */
export type FieldKind =
  | 'string'
  | 'id'
  | 'bool'
  | 'double'
  | 'time'
  | 'sfixed64'
  | 'fixed64'
  | 'uint64'
  | 'sint32'
  | 'int32'
  | 'fixed32'
  | 'any'
  | 'attribute'
  | Message<object>;

/** `name` is the property here, `json` the OTLP/JSON key where it differs (the members of a oneof share a property). */
export interface Field {
  readonly number: number;
  readonly name: string;
  readonly json?: string;
  readonly kind: FieldKind;
  readonly repeated?: boolean;
}

/** A message: an object with every property at its default, and the fields to fill it from, in either format. */
export class Message<T extends object> {
  readonly create: () => T;
  readonly fields: readonly Field[];
  readonly byNumber: readonly (Field | undefined)[];

  constructor(create: () => T, fields: readonly Field[]) {
    this.create = create;
    this.fields = fields;
    const byNumber: (Field | undefined)[] = new Array(Math.max(0, ...fields.map((f) => f.number)) + 1).fill(undefined);
    for (const field of fields) byNumber[field.number] = field;
    this.byNumber = byNumber;
  }
}

/** Decodes a whole OTLP request (opentelemetry-proto; JSON after the rules of the OTLP specification). */
export function decodeMessage<T extends object>(message: Message<T>, body: Uint8Array, format: OtlpFormat): T {
  const target = message.create();
  if (format === 'json') {
    fromJson(message, target, objectFromJson(parseJson(bodyText(body), 'OTLP/JSON'), 'OTLP/JSON'), 'OTLP/JSON');
  } else {
    fromProto(message, target, new ProtoReader(body));
  }
  return target;
}

type Properties = Record<string, unknown>;

function fromProto(message: Message<object>, target: object, reader: ProtoReader): void {
  const { byNumber } = message;
  const properties = target as Properties;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    const field = byNumber[tag >>> 3];
    if (field === undefined) reader.skip(tag);
    else if (field.repeated === true) readRepeated(field, tag, properties[field.name] as unknown[], reader);
    else properties[field.name] = readValue(field, tag, reader, properties[field.name]);
  }
}

function readRepeated(field: Field, tag: number, list: unknown[], reader: ProtoReader): void {
  const packable = field.kind === 'double' || field.kind === 'fixed64' || field.kind === 'uint64';
  if (!packable || (tag & 7) !== LENGTH) {
    list.push(readValue(field, tag, reader, undefined));
    return;
  }
  const outer = reader.enter();
  const element = field.kind === 'uint64' ? VARINT : FIXED64;
  while (reader.pos < reader.end) list.push(readValue(field, (field.number << 3) | element, reader, undefined));
  reader.leave(outer);
}

/** `previous` is what the field held: a message sent twice is merged, as protobuf asks. */
function readValue(field: Field, tag: number, reader: ProtoReader, previous: unknown): unknown {
  const { kind } = field;
  if (typeof kind === 'object') {
    reader.expect(tag, LENGTH);
    const outer = reader.enter();
    const target = field.json === undefined && isPresent(previous) ? (previous as object) : kind.create();
    fromProto(kind, target, reader);
    reader.leave(outer);
    return target;
  }
  reader.expect(tag, wireTypeOf(kind));
  switch (kind) {
    case 'string':
      return reader.string();
    case 'id':
      return hex(reader.bytes());
    case 'bool':
      return reader.uint64() !== 0;
    case 'double':
      return reader.double();
    case 'time':
      reader.fixed64();
      return (BigInt(reader.hi) << 32n) | BigInt(reader.lo);
    case 'fixed64':
      reader.fixed64();
      return reader.hi * 0x100000000 + reader.lo;
    case 'sfixed64':
      reader.fixed64();
      return (reader.hi | 0) * 0x100000000 + reader.lo;
    case 'uint64':
      return reader.uint64();
    case 'sint32':
      return reader.sint32();
    case 'int32':
      return reader.int64() | 0;
    case 'fixed32':
      return reader.fixed32();
  }
  const outer = reader.enter();
  const value = kind === 'any' ? readAnyValue(reader) : readKeyValue(reader);
  reader.leave(outer);
  return value;
}

function wireTypeOf(kind: Exclude<FieldKind, object>): number {
  switch (kind) {
    case 'bool':
    case 'uint64':
    case 'sint32':
    case 'int32':
      return VARINT;
    case 'double':
    case 'time':
    case 'fixed64':
    case 'sfixed64':
      return FIXED64;
    case 'fixed32':
      return FIXED32;
    default:
      return LENGTH;
  }
}

function fromJson(message: Message<object>, target: object, json: JsonObject, path: string): void {
  const properties = target as Properties;
  for (const field of message.fields) {
    const key = field.json ?? field.name;
    const value = json[key];
    if (!isPresent(value)) continue;
    const at = `${path}.${key}`;
    if (field.repeated !== true) {
      properties[field.name] = valueFromJson(field.kind, value, at);
      continue;
    }
    const list = properties[field.name] as unknown[];
    const elements = arrayFromJson(value, at);
    for (let i = 0; i < elements.length; i++) list.push(valueFromJson(field.kind, elements[i], `${at}[${i}]`));
  }
}

function valueFromJson(kind: FieldKind, json: unknown, path: string): unknown {
  if (typeof kind === 'object') {
    const target = kind.create();
    fromJson(kind, target, objectFromJson(json, path), path);
    return target;
  }
  switch (kind) {
    case 'string':
      return stringFromJson(json, path);
    case 'id':
      return idFromJson(json, path);
    case 'bool':
      return boolFromJson(json, path);
    case 'double':
      return doubleFromJson(json, path);
    case 'any':
      return anyValueFromJson(json, path);
    case 'attribute':
      return keyValueFromJson(json, path);
    default:
      return numberFromJson(kind, integerFromJson(json, path), path);
  }
}

function numberFromJson(kind: Exclude<FieldKind, object>, value: bigint, path: string): number | bigint {
  const signed = kind === 'sfixed64' || kind === 'sint32' || kind === 'int32';
  const wide = kind === 'sfixed64' || kind === 'fixed64' || kind === 'uint64' || kind === 'time';
  const bits = wide ? 64n : 32n;
  const [low, high] = signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n)] : [0n, 2n ** bits];
  if (value < low || value >= high)
    throw new WireError(`${path}: ${value} does not fit ${signed ? '' : 'u'}int${bits}`);
  return kind === 'time' ? value : Number(value);
}

function idFromJson(json: unknown, path: string): string {
  const text = stringFromJson(json, path);
  if (text.length % 2 === 1 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new WireError(`${path}: ${JSON.stringify(text.slice(0, 100))} is not hexadecimal`);
  }
  return text.toLowerCase();
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}
