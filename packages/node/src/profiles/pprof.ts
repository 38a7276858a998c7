/** pprof's format (https://github.com/google/pprof/blob/main/proto/profile.proto), not yet compressed. */
import { ProtoWriter } from '../export/protobuf.ts';
import type { CallFrame, Stacks } from './profile.ts';

const LENGTH = 2;
const VARINT = 0;

export interface PprofTimes {
  /** Unix milliseconds. */
  readonly time: number;
  readonly durationMs: number;
}

export function encodePprof(stacks: Stacks, { time, durationMs }: PprofTimes): Uint8Array {
  const tables = new Tables();
  const writer = new ProtoWriter(64 * 1024);
  const number = (field: number, value: number) => {
    if (value === 0) return;
    writer.tag(field, VARINT);
    writer.int64(value);
  };
  const valueType = (field: number, [type, unit]: readonly [string, string]) => {
    const at = writer.open(field);
    number(1, tables.text(type));
    number(2, tables.text(unit));
    writer.close(at);
  };
  const packed = (field: number, values: readonly number[]) => {
    const at = writer.open(field);
    for (const value of values) writer.int64(value);
    writer.close(at);
  };
  for (const type of stacks.types) valueType(1, type);
  for (const { frames, values } of stacks.samples) {
    const at = writer.open(2);
    packed(
      1,
      frames.map((frame) => tables.location(frame)),
    );
    packed(2, values);
    writer.close(at);
  }
  // Each line of a function that was met is a location of its own.
  for (const [place, { functionId, line }] of tables.locations.entries()) {
    const at = writer.open(4);
    number(1, place + 1);
    const lineAt = writer.open(4);
    number(1, functionId);
    number(2, line);
    writer.close(lineAt);
    writer.close(at);
  }
  for (const [place, { name, file, startLine }] of tables.functions.entries()) {
    const at = writer.open(5);
    number(1, place + 1);
    number(2, name);
    number(3, name);
    number(4, file);
    number(5, startLine);
    writer.close(at);
  }
  number(9, Math.round(time) * 1_000_000);
  number(10, Math.round(durationMs * 1_000_000));
  valueType(11, stacks.periodType);
  number(12, stacks.period);
  // Last, when all texts are known. The first one is empty, and written all the same.
  for (const text of tables.texts) {
    if (text !== '') writer.string(6, text);
    else {
      writer.tag(6, LENGTH);
      writer.uint32(0);
    }
  }
  return writer.finish();
}

/** Texts, functions and locations by their number; those of functions and locations begin with 1. */
class Tables {
  readonly texts: string[] = [''];
  readonly functions: { readonly name: number; readonly file: number; readonly startLine: number }[] = [];
  readonly locations: { readonly functionId: number; readonly line: number }[] = [];
  private readonly textPlaces = new Map<string, number>([['', 0]]);
  private readonly places = new Map<string, number>();

  text(text: string): number {
    const known = this.textPlaces.get(text);
    if (known !== undefined) return known;
    this.textPlaces.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  /** V8 tells where a function begins; that is its one line. */
  location({ functionName, url, lineNumber, columnNumber }: CallFrame): number {
    const key = `${functionName}\u0000${url}\u0000${lineNumber}\u0000${columnNumber}`;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const line = lineNumber + 1;
    const name = this.text(functionName === '' ? '(anonymous)' : functionName);
    const functionId = this.functions.push({ name, file: this.text(url), startLine: line });
    const id = this.locations.push({ functionId, line });
    this.places.set(key, id);
    return id;
  }
}
