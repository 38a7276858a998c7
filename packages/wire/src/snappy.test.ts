import fc from 'fast-check';
import SnappyJS from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { WireError } from './batch.ts';
import { WriteMemory } from './remote-write/write-memory.ts';
import { decodeSnappy, encodeSnappy, SnappyScratch, TooLargeError } from './snappy.ts';

const MEGABYTE = 1 << 20;

describe('snappy', () => {
  it('gives back what was encoded', () => {
    const memory = new WriteMemory();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(9000)).map(([unit, times]) => {
        return Uint8Array.from({ length: times }, (_, i) => unit[i % unit.length]!);
      }),
    );
    fc.assert(
      fc.property(bytes, (b) => {
        expect(decodeSnappy(encodeSnappy(b), MEGABYTE)).toEqual(b);
        expect(Uint8Array.from(memory.inflate(encodeSnappy(b), MEGABYTE))).toEqual(b);
      }),
    );
  });

  it('agrees with snappyjs on every body that it takes', () => {
    // Elements of every kind with offsets and sizes at random: many are good, many are not.
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((b) => [((b.length - 1) << 2) | 0, ...b]),
      fc.uint8Array({ minLength: 61, maxLength: 200 }).map((b) => [60 << 2, b.length - 1, ...b]),
      fc.tuple(fc.integer({ min: 0, max: 7 }), fc.nat(300)).map(([n, o]) => [(n << 2) | ((o >> 8) << 5) | 1, o & 255]),
      fc.tuple(fc.nat(63), fc.nat(300)).map(([n, o]) => [(n << 2) | 2, o & 255, o >> 8]),
      fc.tuple(fc.nat(63), fc.nat(300)).map(([n, o]) => [(n << 2) | 3, o & 255, o >> 8, 0, 0]),
    );
    const sizeOf = ([tag = 0, next = 0]: number[]) => {
      if ((tag & 3) === 0) return tag >> 2 === 60 ? next + 1 : (tag >> 2) + 1;
      return (tag & 3) === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    };
    const body = fc
      .tuple(fc.array(element, { maxLength: 12 }), fc.integer({ min: -1, max: 1 }))
      .map(([elements, off]) => {
        const length = Math.max(0, elements.reduce((sum, one) => sum + sizeOf(one), 0) + off);
        return Uint8Array.from([(length & 127) | 128, length >> 7, ...elements.flat()]);
      });
    const scratch = new SnappyScratch(64);
    const memory = new WriteMemory();
    const read = (decode: () => Uint8Array) => {
      try {
        return [...decode()];
      } catch {
        return undefined;
      }
    };
    let taken = 0;
    fc.assert(
      fc.property(body, (b) => {
        const ours = read(() => decodeSnappy(b, MEGABYTE));
        expect(read(() => decodeSnappy(b, MEGABYTE, scratch))).toEqual(ours);
        expect(read(() => memory.inflate(b, MEGABYTE))).toEqual(ours);
        if (ours === undefined) return;
        taken++;
        expect(ours).toEqual(read(() => SnappyJS.uncompress(b)));
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('repeats what an overlapping copy has just written', () => {
    expect(decodeSnappy(Uint8Array.of(7, 0, 0x61, 0x09, 1), 100)).toEqual(new Uint8Array(7).fill(0x61));
  });

  it('reads two- and four-byte offsets', () => {
    expect(decodeSnappy(Uint8Array.of(4, 4, 1, 2, 0x06, 2, 0), 9)).toEqual(Uint8Array.of(1, 2, 1, 2));
    expect(decodeSnappy(Uint8Array.of(4, 4, 1, 2, 0x07, 2, 0, 0, 0), 9)).toEqual(Uint8Array.of(1, 2, 1, 2));
  });

  it('refuses a body over the limit with its own error', () => {
    expect(() => decodeSnappy(encodeSnappy(new Uint8Array(5000)), 4999)).toThrow(TooLargeError);
    expect(decodeSnappy(encodeSnappy(new Uint8Array(5000)), 5000)).toHaveLength(5000);
  });

  const damage: [string, number[], RegExp][] = [
    ['an empty body', [], /ends inside its length/],
    ['a length without end', [0x80, 0x80], /ends inside its length/],
    ['a length over 32 bits', [0xff, 0xff, 0xff, 0xff, 0x1f], /does not fit 32 bits/],
    ['4 GiB declared by seven bytes', [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], /cannot hold/],
    ['a torn literal', [4, 12, 1], /byte 1 is cut off/],
    ['a torn literal length', [4, 0xf4, 1], /byte 1 is cut off/],
    ['a torn copy', [4, 0, 1, 0x06, 1], /byte 3 is cut off/],
    ['a copy from before the start', [4, 0, 1, 0x01, 2], /copy from 2 bytes back with 1 bytes written, at byte 3/],
    ['a copy with offset 0', [5, 0, 1, 0x01, 0], /copy from 0 bytes back/],
    ['a literal beyond the declared length', [1, 4, 1, 2], /beyond the declared 1 bytes/],
    ['a copy beyond the declared length', [4, 0, 1, 0x01, 1], /beyond the declared 4 bytes/],
    ['fewer bytes than declared', [4, 0, 1], /declares 4 bytes and holds 1/],
  ];
  it.each(damage)('refuses %s', (_, bytes, message) => {
    const decode = () => decodeSnappy(Uint8Array.from(bytes), MEGABYTE);
    expect(decode).toThrow(WireError);
    expect(decode).toThrow(message);
  });
});
