/**
 * Joins Snappy blocks (https://github.com/google/snappy/blob/main/format_description.txt) without decompressing them. A
 * block is a varint of its decompressed length and then elements that copy only from what the block itself has written,
 * counted backwards; so the elements of several, one after another behind the sum of their lengths, are a block of what
 * they hold together.
 */
export function joinSnappyBlocks(blocks: readonly Uint8Array[]): Uint8Array {
  const [only] = blocks;
  if (only && blocks.length === 1) return only;
  const preambles = blocks.map(readPreamble);
  const declared = varintBytes(preambles.reduce((sum, { length }) => sum + length, 0));
  const elements = blocks.reduce((sum, block, i) => sum + block.length - preambles[i]!.size, 0);
  const joined = new Uint8Array(declared.length + elements);
  joined.set(declared);
  let at = declared.length;
  for (const [i, block] of blocks.entries()) {
    const own = block.subarray(preambles[i]!.size);
    joined.set(own, at);
    at += own.length;
  }
  return joined;
}

/** The decompressed length that a block declares, in bytes. */
export const snappyLength = (block: Uint8Array): number => readPreamble(block).length;

function readPreamble(block: Uint8Array): { length: number; size: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return { length, size: i + 1 };
  }
  throw new RangeError('snappy: the declared length does not fit 32 bits');
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
