import { type Attributes, WireError } from '../batch.ts';
import { isWellFormed } from '../json-text.ts';
import { FIXED64, LENGTH, type ProtoReader, VARINT } from '../protobuf/reader.ts';

/** opentelemetry.proto.common.v1.AnyValue: integers as bigint, bytes as base64 text, null for an empty one. */
export type AnyValue = string | boolean | bigint | number | null | AnyValue[] | Map<string, AnyValue>;

/** Key and value in the order sent; the same key twice is possible here and resolved (last wins) by `attributesOf`. */
export interface KeyValue {
  key: string;
  value: AnyValue;
}

/** An attribute's value as text: numbers in decimal, bytes base64, arrays and maps as JSON, an empty value ''. */
export function textOf(value: AnyValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

function jsonOf(value: AnyValue): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (value instanceof Map) {
    const members: string[] = [];
    for (const [key, member] of value) members.push(`${JSON.stringify(key)}:${jsonOf(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

export function attributesOf(list: readonly KeyValue[]): Attributes {
  const attributes = new Map<string, string>();
  for (const { key, value } of list) attributes.set(key, textOf(value));
  return attributes;
}

/** Reads the AnyValue that the reader has entered; of several fields of the oneof the last counts. */
export function readAnyValue(reader: ProtoReader): AnyValue {
  let value: AnyValue = null;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | LENGTH:
        value = reader.string();
        break;
      case (2 << 3) | VARINT:
        value = reader.uint64() !== 0;
        break;
      case (3 << 3) | VARINT:
        reader.varint64();
        value = BigInt.asIntN(64, (BigInt(reader.hi) << 32n) | BigInt(reader.lo));
        break;
      case (4 << 3) | FIXED64:
        value = reader.double();
        break;
      case (5 << 3) | LENGTH:
        value = readArray(reader);
        break;
      case (6 << 3) | LENGTH:
        value = readMap(reader);
        break;
      case (7 << 3) | LENGTH:
        value = Buffer.from(reader.bytes()).toString('base64');
        break;
      default:
        reader.skip(tag);
    }
  }
  return value;
}

function readArray(reader: ProtoReader): AnyValue[] {
  const outer = reader.enter();
  const values: AnyValue[] = [];
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | LENGTH)) {
      const list = reader.enter();
      values.push(readAnyValue(reader));
      reader.leave(list);
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return values;
}

function readMap(reader: ProtoReader): Map<string, AnyValue> {
  const outer = reader.enter();
  const map = new Map<string, AnyValue>();
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | LENGTH)) {
      const list = reader.enter();
      const { key, value } = readKeyValue(reader);
      map.set(key, value);
      reader.leave(list);
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return map;
}

/** Reads the KeyValue that the reader has entered. */
export function readKeyValue(reader: ProtoReader): KeyValue {
  let key = '';
  let value: AnyValue = null;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | LENGTH)) key = reader.string();
    else if (tag === ((2 << 3) | LENGTH)) {
      const outer = reader.enter();
      value = readAnyValue(reader);
      reader.leave(outer);
    } else reader.skip(tag);
  }
  return { key, value };
}

const MAX_JSON_DEPTH = 80;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Reads an AnyValue from OTLP/JSON. */
export function anyValueFromJson(json: unknown, path: string, depth = 0): AnyValue {
  if (json === null || json === undefined) return null;
  if (depth > MAX_JSON_DEPTH) throw new WireError(`${path}: values nested deeper than ${MAX_JSON_DEPTH}`);
  const object = objectFromJson(json, path);
  if (isPresent(object.stringValue)) return stringFromJson(object.stringValue, `${path}.stringValue`);
  if (isPresent(object.boolValue)) return boolFromJson(object.boolValue, `${path}.boolValue`);
  if (isPresent(object.intValue)) return integerFromJson(object.intValue, `${path}.intValue`);
  if (isPresent(object.doubleValue)) return doubleFromJson(object.doubleValue, `${path}.doubleValue`);
  if (isPresent(object.bytesValue)) {
    const text = stringFromJson(object.bytesValue, `${path}.bytesValue`);
    if (!BASE64.test(text)) throw new WireError(`${path}.bytesValue: not base64`);
    return Buffer.from(text, 'base64').toString('base64');
  }
  if (isPresent(object.arrayValue)) {
    const at = `${path}.arrayValue`;
    const { values } = objectFromJson(object.arrayValue, at);
    return arrayFromJson(values, `${at}.values`).map((value) => anyValueFromJson(value, at, depth + 1));
  }
  if (!isPresent(object.kvlistValue)) return null;
  const at = `${path}.kvlistValue`;
  const map = new Map<string, AnyValue>();
  for (const member of arrayFromJson(objectFromJson(object.kvlistValue, at).values, `${at}.values`)) {
    const { key, value } = keyValueFromJson(member, at, depth + 1);
    map.set(key, value);
  }
  return map;
}

export function keyValueFromJson(json: unknown, path: string, depth = 0): KeyValue {
  const object = objectFromJson(json, path);
  const key = isPresent(object.key) ? stringFromJson(object.key, `${path}.key`) : '';
  return { key, value: anyValueFromJson(object.value, `${path}.value`, depth) };
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** In proto3 JSON, null stands for an absent field. */
export function isPresent(json: unknown): boolean {
  return json !== undefined && json !== null;
}

export function objectFromJson(json: unknown, path: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw mismatch(path, 'an object', json);
}

export function arrayFromJson(json: unknown, path: string): readonly unknown[] {
  if (!isPresent(json)) return [];
  if (Array.isArray(json)) return json;
  throw mismatch(path, 'an array', json);
}

export function stringFromJson(json: unknown, path: string): string {
  if (typeof json !== 'string') throw mismatch(path, 'a string', json);
  if (!isWellFormed(json)) throw new WireError(`${path}: half a surrogate pair is not text`);
  return json;
}

export function boolFromJson(json: unknown, path: string): boolean {
  if (typeof json === 'boolean') return json;
  throw mismatch(path, 'true or false', json);
}

/** A 64-bit integer, as decimal string or as number. */
export function integerFromJson(json: unknown, path: string): bigint {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
  if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) {
    const value = BigInt(json);
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return value;
  }
  throw mismatch(path, 'an integer of 64 bits', json);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A double, as number or string; proto3 JSON writes NaN and the infinities as strings. */
export function doubleFromJson(json: unknown, path: string): number {
  if (typeof json === 'number') return json;
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  if (typeof json === 'string' && DECIMAL.test(json)) return Number(json);
  throw mismatch(path, 'a number', json);
}

function mismatch(path: string, expected: string, json: unknown): WireError {
  const kind = json === null ? 'null' : Array.isArray(json) ? 'an array' : typeof json === 'object' ? 'an object' : '';
  const got = kind === '' ? JSON.stringify(json)?.slice(0, 100) : kind;
  return new WireError(`${path}: expected ${expected}, got ${got}`);
}
