import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBody } from './body.ts';
import { BodyBudget } from './body-budget.ts';

const limits = { maxBodyBytes: 10_000, maxDecompressedBytes: 100_000 };
const stream = (bytes: Uint8Array): Readable => Readable.from([Buffer.from(bytes)], { objectMode: false });
const read = (bytes: Uint8Array, encoding = 'identity') => readBody(stream(bytes), encoding, limits);

describe('a body', () => {
  const text = Buffer.from('a line of text\n'.repeat(100));

  it.each([
    ['identity', text],
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
  ])('comes out as it was, from %s', async (encoding, sent) => {
    expect(Buffer.from(await read(sent, encoding)).equals(text)).toBe(true);
  });

  it('is refused above the limit of what is sent', async () => {
    await expect(read(Buffer.alloc(10_001))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE', status: 413 });
  });

  it('is refused as a bomb without being unfolded beyond the limit', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const bomb = gzipSync(Buffer.alloc(8_000_000));
    await expect(read(bomb, 'gzip')).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  });

  it('that finds no room among the others is refused for now, and the room comes back', async () => {
    const budget = new BodyBudget(15_000);
    const [first, second] = [budget.lease(), budget.lease()];
    await readBody(stream(Buffer.alloc(9_000)), 'identity', limits, first);
    const bomb = gzipSync(Buffer.alloc(50_000));
    await expect(readBody(stream(bomb), 'gzip', limits, second)).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfter: 1,
    });
    second.end();
    expect(budget.held).toBe(9_000);
    first.end();
    first.end();
    expect(budget.held).toBe(0);
  });

  it.each([
    ['not gzip at all', Buffer.from('hello')],
    ['cut off in the middle', gzipSync(text).subarray(0, 30)],
    ['with a wrong checksum', Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8, 1)])],
  ])('that is %s is refused with its reason', async (_what, bytes) => {
    await expect(read(bytes, 'gzip')).rejects.toMatchObject({ code: 'BODY_INVALID', status: 400 });
  });
});
