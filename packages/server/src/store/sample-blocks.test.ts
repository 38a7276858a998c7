import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SampleBlocks } from './sample-blocks.ts';
import { memoryOf, nativeSamples, type SampleBlock, type SampleRun } from './sample-rows.ts';

let dir: string;
let program: URL;
const opened: SampleBlocks[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(resolve('node_modules'), '.nightshift-test-blocks-'));
  const outfile = join(dir, 'thread.mjs');
  const entry = 'packages/server/src/store/sample-blocks-thread.ts';
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  program = pathToFileURL(outfile);
});
afterEach(() => {
  for (const blocks of opened.splice(0)) blocks.end();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function openBlocks(thread?: URL): SampleBlocks {
  const blocks = new SampleBlocks(thread);
  opened.push(blocks);
  return blocks;
}

const idWords = Uint32Array.from({ length: 200 }, (_, i) => (i * 2654435761) >>> 0);

/** `count` samples of 100 series; from the second on, as part of a larger memory. */
function runOf(count: number, Memory: typeof ArrayBuffer | typeof SharedArrayBuffer): SampleRun {
  const memory = new Memory(8 + 20 * (count + 1) + 400);
  const run = {
    timestamps: new Float64Array(memory, 8, count + 1),
    values: new Float64Array(memory, 8 * (count + 2), count + 1),
    seriesIndex: new Uint32Array(memory, 8 + 16 * (count + 1), count + 1),
    numbers: Uint32Array.from({ length: 100 }, (_, i) => 99 - i),
    from: 1,
    to: count + 1,
  };
  for (let i = 0; i <= count; i++) {
    run.timestamps[i] = 1_700_000_000_000 + i;
    run.values[i] = i / 3;
    run.seriesIndex[i] = i % 100;
  }
  return run;
}

const bytesOf = (block: SampleBlock) => Buffer.concat(block);

describe('blocks of samples', () => {
  for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
    it(`are the same from the thread as from here, of columns in a ${Memory.name}`, async () => {
      const runs = [runOf(150_000, Memory), runOf(100_000, Memory)];
      const made = await openBlocks(program).make(runs, idWords);
      // What came from another thread was received, and is no Buffer any more.
      expect(Buffer.isBuffer(made[0])).toBe(false);
      expect(bytesOf(made).equals(bytesOf(nativeSamples(runs, idWords)))).toBe(true);
    });
  }

  it('are made in the memory of one before that was given back', async () => {
    const blocks = openBlocks(program);
    const runs = [runOf(250_000, SharedArrayBuffer)];
    const first = await blocks.make(runs, idWords);
    const bytes = Buffer.from(bytesOf(first));
    const memory = memoryOf(first);
    blocks.free(first);
    const second = await blocks.make(runs, idWords);
    expect(memory.byteLength).toBe(0);
    expect(bytesOf(second).equals(bytes)).toBe(true);
  });

  it('go on being made when the thread has ended', async () => {
    const blocks = openBlocks(program);
    const runs = [runOf(250_000, SharedArrayBuffer)];
    const before = await blocks.make(runs, idWords);
    blocks.end();
    const after = await blocks.make(runs, idWords);
    expect(bytesOf(after).equals(bytesOf(before))).toBe(true);
  });

  it('are made here when they are small, and where the thread does not start or dies', async () => {
    const small = await openBlocks(program).make([runOf(10, SharedArrayBuffer)], idWords);
    expect(Buffer.isBuffer(small[0])).toBe(true);
    const runs = [runOf(250_000, SharedArrayBuffer)];
    const expected = bytesOf(nativeSamples(runs, idWords));
    const none = openBlocks(pathToFileURL(join(dir, 'none.mjs')));
    for (let i = 0; i < 2; i++) expect(bytesOf(await none.make(runs, idWords)).equals(expected)).toBe(true);
    const dying = openBlocks(new URL('data:text/javascript,process.exit(1)'));
    expect(bytesOf(await dying.make(runs, idWords)).equals(expected)).toBe(true);
  });
});
