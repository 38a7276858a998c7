/**
 * ClickHouse's format Native: blocks of columns, each block as `columns` and `rows` (variable-length integers), then for
 * each column its name and type (length and UTF-8) and the values one after the other, little-endian
 * (https://clickhouse.com/docs/interfaces/formats/Native). Only columns of fixed width are known here.
 */
const WIDTHS: Readonly<Record<string, number>> = { UInt8: 1, UInt32: 4, UInt64: 8, Int64: 8, Float64: 8 };

export interface NativeColumn {
  readonly type: string;
  /** The values, where they were received: they may begin anywhere, and are read through a DataView. */
  readonly bytes: Uint8Array;
}

export interface NativeBlock {
  readonly rows: number;
  readonly columns: readonly NativeColumn[];
}

/** @throws Error for a type of another width, or where the bytes end within a block */
export function* nativeBlocks(bytes: Uint8Array): Generator<NativeBlock> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a block of the engine ends early');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const text = (): string => {
    const length = number();
    at += length;
    return String.fromCharCode(...bytes.subarray(at - length, at));
  };
  while (at < bytes.length) {
    const count = number();
    const rows = number();
    const columns: NativeColumn[] = [];
    for (let i = 0; i < count; i++) {
      text();
      const type = text();
      const width = WIDTHS[type];
      if (width === undefined) throw new Error(`the engine sends a column of ${type}`);
      const end = at + width * rows;
      if (end > bytes.length) throw new Error('a block of the engine ends early');
      columns.push({ type, bytes: bytes.subarray(at, end) });
      at = end;
    }
    yield { rows, columns };
  }
}
