/**
 * What all OTLP messages share. Field numbers are those of common.proto and resource.proto
 * (https://github.com/open-telemetry/opentelemetry-proto, v1).
 */
import type { AttributeValue } from '../tracing/tracer.ts';
import type { ProtoWriter } from './protobuf.ts';

export const LENGTH = 2;
const FIXED64 = 1;
const VARINT = 0;
const FIXED32 = 5;

const TWO_TO_32 = 2 ** 32;

/** Unix milliseconds, of which a double holds fractions to about 250 ns, as nanoseconds. */
export function writeTime(writer: ProtoWriter, field: number, ms: number): void {
  const whole = Math.floor(ms);
  const nanos = BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1_000_000));
  writer.tag(field, FIXED64);
  writer.fixed64(Number(nanos & 0xffffffffn), Number(nanos >> 32n));
}

export function writeFixed64(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, FIXED64);
  fixed64(writer, value);
}

/** A whole number from 0 to 2^53, without its tag. */
export const fixed64 = (writer: ProtoWriter, value: number): void =>
  writer.fixed64((value % TWO_TO_32) >>> 0, Math.floor(value / TWO_TO_32) >>> 0);

export function writeDouble(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, FIXED64);
  writer.double(value);
}

export function writeNumber(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, VARINT);
  writer.int64(value);
}

export function writeFlags(writer: ProtoWriter, field: number, sampled: boolean): void {
  writer.tag(field, FIXED32);
  writer.raw(sampled ? SAMPLED : NOT_SAMPLED);
}

const SAMPLED = Uint8Array.of(1, 0, 0, 0);
const NOT_SAMPLED = Uint8Array.of(0, 0, 0, 0);

/** An id in hex; '' is left out. */
export function writeId(writer: ProtoWriter, field: number, hex: string): void {
  if (hex === '') return;
  writer.tag(field, LENGTH);
  writer.uint32(hex.length / 2);
  writer.raw(Buffer.from(hex, 'hex'));
}

/** `attributes` as repeated KeyValue. */
export function writeAttributes(
  writer: ProtoWriter,
  field: number,
  attributes: Iterable<readonly [string, AttributeValue]>,
): void {
  for (const [name, value] of attributes) {
    const pair = writer.open(field);
    writer.string(1, name);
    writeAnyValue(writer, 2, value);
    writer.close(pair);
  }
}

export function writeAnyValue(writer: ProtoWriter, field: number, value: AttributeValue): void {
  const any = writer.open(field);
  writeValue(writer, value);
  writer.close(any);
}

function writeValue(writer: ProtoWriter, value: AttributeValue): void {
  switch (typeof value) {
    case 'string':
      // An empty text is written too: without its tag it would be no value at all.
      if (value === '') {
        writer.tag(1, LENGTH);
        writer.uint32(0);
      } else writer.string(1, value);
      return;
    case 'boolean':
      writeNumber(writer, 2, value ? 1 : 0);
      return;
    case 'number':
      if (Number.isSafeInteger(value)) writeNumber(writer, 3, value);
      else writeDouble(writer, 4, value);
      return;
    default: {
      const list = writer.open(5);
      for (const one of value) writeAnyValue(writer, 1, one);
      writer.close(list);
    }
  }
}

export type Resource = Readonly<Record<string, AttributeValue>>;

/** Name and version of what made the telemetry. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

/**
 * A request of one resource and one scope: all three requests nest alike. Field 1 of each is the resource, 2 the scopes;
 * of those 1 is the scope, and 2 what `write` adds.
 */
export function writeRequest(writer: ProtoWriter, resource: Resource, scope: Scope, write: () => void): Uint8Array {
  const ofResource = writer.open(1);
  const about = writer.open(1);
  writeAttributes(writer, 1, Object.entries(resource));
  writer.close(about);
  const ofScope = writer.open(2);
  const by = writer.open(1);
  writer.string(1, scope.name);
  writer.string(2, scope.version);
  writer.close(by);
  write();
  writer.close(ofScope);
  writer.close(ofResource);
  return writer.finish();
}
