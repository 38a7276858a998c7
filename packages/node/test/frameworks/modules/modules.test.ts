import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagesStay } from '../run.ts';

const dist = join(import.meta.dirname, '../dist');
let folder: string;

beforeAll(async () => {
  mkdirSync(dist, { recursive: true });
  folder = mkdtempSync(join(dist, 'modules-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'child.ts')],
    outfile: join(folder, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [packagesStay],
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  readonly events: readonly string[];
  readonly said: readonly string[];
  readonly result: unknown;
  readonly counts: readonly (readonly [string, number])[];
}

async function play(script: string): Promise<Told> {
  const child = spawn(process.env.APP_NODE ?? process.execPath, [join(folder, 'child.mjs'), script], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    timeout: 30_000,
  });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with ${code}`)));
  ended.catch(() => {});
  const [told] = (await Promise.race([once(child, 'message'), ended])) as [Told];
  return told;
}

describe('packages are found', () => {
  const each = ['pg', 'express', 'express', 'hono', 'apns2', 'koa'].map((name) => `${name} patched`);

  it('by import, as CommonJS, as ES modules and by another name, a copy once', async () => {
    expect(await play('import')).toMatchObject({ events: each, said: [] });
  });

  it('by require, and not again when they are imported', async () => {
    expect(await play('require')).toMatchObject({ events: each, said: [] });
  });

  it('as two copies where a package has one for each way', async () => {
    expect((await play('copies')).events).toEqual(['hono patched', 'hono patched']);
  });

  it('where they were loaded before', async () => {
    expect((await play('before')).events).toEqual(['pg patched', 'koa patched']);
  });
});

describe('packages are left alone', () => {
  it('where settings say so, by the name of the package', async () => {
    expect(await play('without')).toMatchObject({ events: [], said: [] });
  });

  it('where the patch fails: counted, said, and the application goes on', async () => {
    const { result, counts, said } = await play('failing');
    expect(result).toBe('function');
    expect(counts).toEqual([['modules.winston', 1]]);
    expect(said.join()).toContain('a bad patch');
  });

  it('after it was undone, once and in reverse', async () => {
    const { events, result } = await play('undo');
    expect(events).toEqual(['pg patched', 'hono patched', 'hono back', 'pg back']);
    expect(result).toBe(true);
  });
});

it('patches by hand what no hook can see', async () => {
  const { events, result } = await play('hand');
  expect(events).toEqual(['pg patched', 'koa patched']);
  expect(result).toEqual([
    true,
    expect.stringMatching(/^instrument: which package is this\? .*apns2, express/),
    expect.stringMatching(/^instrument: 'pq' is none of apns2, express/),
  ]);
});
