import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** In a directory from where ffi-rs is found. */
const built = mkdtempSync(resolve(import.meta.dirname, '../../../node_modules/.nightshift-test-'));
const program = join(built, 'holds.mjs');

/** Prints how many megabytes of anonymous memory are left of 60 MB that were freed below a buffer that is kept. */
const source = `
import { readFileSync } from 'node:fs';
import { returnMemory } from './return-memory.ts';
if (process.argv[2] === 'set') returnMemory({ buffer: 128 * 1024, end: 4 * 1024 * 1024 });
const anonymous = () => Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;
const taken = (bytes) => new Uint8Array(bytes).fill(1);
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
const free = async () => { for (let i = 0; i < 4; i++) { gc(); await pause(); } };
let buffers = [taken(4e6)];
buffers = [];
await free();
const before = anonymous();
buffers = Array.from({ length: 200 }, () => taken(300_000));
globalThis.kept = Array.from({ length: 50 }, () => taken(10_000));
buffers = [];
await free();
console.log(anonymous() - before);
`;

const isGnu =
  process.platform === 'linux' && 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

describe.skipIf(!isGnu)('memory that is freed (skipped without the GNU C library)', () => {
  beforeAll(() =>
    build({
      stdin: { contents: source, resolveDir: resolve(import.meta.dirname, '../src'), loader: 'ts' },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    }),
  );
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  const left = (argument: string): number => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', program, argument], { timeout: 60_000 });
    expect(stderr.toString()).toBe('');
    return Number(stdout);
  };

  it('goes back to the system, which it does not by itself', { timeout: 120_000 }, () => {
    expect(left('set')).toBeLessThan(20);
    expect(left('')).toBeGreaterThan(40);
  });
});
