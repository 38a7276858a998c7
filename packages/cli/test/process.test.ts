import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkEngine } from '../src/checks.ts';

// Below the package, so that what stays outside of the bundle is found in node_modules.
const dir = mkdtempSync(resolve('packages/cli/.test-'));
const entry = join(dir, 'nightshift.js');

beforeAll(async () => {
  const { dependencies } = createRequire(import.meta.url)('../package.json') as {
    dependencies: Record<string, string>;
  };
  await build({
    entryPoints: ['packages/cli/src/nightshift.ts'],
    outdir: dir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { '@nightshift/server/engine/child': resolve('packages/server/src/engine/child.ts') },
    external: ['@nightshift/server', '@nightshift/gateway', ...Object.keys(dependencies)],
    logLevel: 'warning',
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const env = { PATH: process.env.PATH };
    const child = execFile(process.execPath, [entry, ...args], { cwd: tmpdir(), env }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}

describe('the built command as a process', () => {
  it('ends with the documented code', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await run(['incdent'])).toMatchObject({ code: 2, stderr: expect.stringContaining('incident') });
    expect((await run(['incident', 'list', '--server', 'http://127.0.0.1:1'])).code).toBe(3);
  });

  it('says nothing when nobody reads its output', async () => {
    const child = spawn(process.execPath, [entry, '--help'], { cwd: tmpdir(), env: { PATH: process.env.PATH } });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('hands everything after engine-child to the engine as it is', async () => {
    const answer = join(dir, 'answer');
    const statement = `SELECT 6 * 7 AS answer INTO OUTFILE '${answer}'`;
    await run(['engine-child', `--query=${statement}`, '--output-format', 'JSONEachRow']);
    expect(readFileSync(answer, 'utf8')).toBe('{"answer":42}\n');
  });

  it('gives doctor an engine that it can run', async () => {
    const check = await checkEngine('', entry);
    expect(check).toMatchObject({ ok: true, finding: expect.stringMatching(/^ClickHouse \d+\.\d+\S+ runs embedded/) });
  });

  it('says how to run the demo where the example was not built', async () => {
    const child = spawn(process.execPath, [entry, 'demo'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [text] = (await once(child.stderr.setEncoding('utf8'), 'data')) as [string];
    expect(text).toContain('npm run demo');
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});
