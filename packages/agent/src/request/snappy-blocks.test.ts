import { decodeSnappy, encodeSnappy } from '@nightshift/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinSnappyBlocks, snappyLength } from './snappy-blocks.ts';

const repetitive = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)));

it('joins blocks to one of what they hold together', () => {
  fc.assert(
    fc.property(fc.array(repetitive, { minLength: 1, maxLength: 6 }), (plain) => {
      const joined = joinSnappyBlocks(plain.map(encodeSnappy));
      const together = Buffer.concat(plain);
      expect(snappyLength(joined)).toBe(together.length);
      expect(Buffer.compare(decodeSnappy(joined, together.length), together)).toBe(0);
    }),
  );
});
