import { expect, it } from 'vitest';
import { xxhash64 } from './xxhash64.ts';

it.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['abcdefgh', 0x3ad351775b4634b7n],
  ['0123456789012345678901234567890123456789', 0xca6fc80cbde1a931n],
  ['x'.repeat(300), 0x8377db93c80fd5bfn],
])('%j has the hash of the reference implementation', (text, hash) => {
  expect(xxhash64(new TextEncoder().encode(text))).toBe(hash);
});
