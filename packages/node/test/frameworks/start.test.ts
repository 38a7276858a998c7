import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkplace, type Workplace } from './run.ts';

let workplace: Workplace;

beforeAll(async () => {
  workplace = await makeWorkplace();
});

afterAll(() => workplace?.remove());

function node(args: readonly string[], env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: workplace.folder,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { stdout, stderr, status };
}

const own = `require('./index.cjs').nightshift`;

describe('the library is started', () => {
  it('once for a process, whether as ES module or as CommonJS', () => {
    const script = `import('./index.mjs').then((esm) => console.log(esm.nightshift() === ${own}(), !!esm.nightshift().measure))`;
    expect(node(['-e', script])).toMatchObject({ stdout: 'true true\n', stderr: '', status: 0 });
  });

  it('before the application by a preload, of either kind', () => {
    const script = `console.log(${own}().config().find(({ name }) => name === 'bufferSize').from)`;
    for (const args of [
      ['--import', './register.mjs'],
      ['--require', './register.cjs'],
    ]) {
      const env = { METRICS_BUFFER_SIZE: '77' };
      expect(node([...args, '-e', script], env)).toMatchObject({
        stdout: 'METRICS_BUFFER_SIZE\n',
        stderr: '',
        status: 0,
      });
    }
  });

  it('and the same again with the same options, while others are an error that names them', () => {
    const script = `const n = ${own}; const a = n({ bufferSize: 5 });
      console.log(n() === a, n({ bufferSize: 5 }) === a);
      try { n({ bufferSize: 6, logs: false }) } catch (error) { console.log(error.message) }`;
    const { stdout } = node(['-e', script]);
    expect(stdout).toMatch(
      /^true true\nnightshift\(\) was started with other options before; what differs is bufferSize, logs\./,
    );
  });

  it('with a thrown error for options that are not allowed', () => {
    const { stderr, status } = node(['-e', `${own}({ bufferSise: 5 })`]);
    expect(status).toBe(1);
    expect(stderr).toContain('bufferSise: there is no such option; did you mean bufferSize?');
  });

  it('with what is wrong in the environment said once, also where there are workers', () => {
    const script = `new (require('worker_threads').Worker)('0', { eval: true }).on('exit', () => console.log('done'))`;
    const env = { METRICS_SAMPLING_RATES: '0.1' };
    for (const args of [
      ['--import', './register.mjs'],
      ['--require', './register.cjs'],
    ]) {
      const { stdout, stderr } = node([...args, '-e', script], env);
      expect(stdout).toBe('done\n');
      expect(
        stderr.match(/METRICS_SAMPLING_RATES is set, and nothing reads it; did you mean METRICS_SAMPLING_RATE\?/g),
      ).toHaveLength(1);
    }
  });
});

describe('ns.close', () => {
  it('ends what was started, within a second or so, and lets the process end; a new start is possible', () => {
    const script = `const n = ${own}; const { prototype } = require('node:module'); const { load } = prototype; const a = n();
      const began = Date.now();
      Promise.all([a.close(), a.close()]).then(() => {
        console.log(Date.now() - began < 2500, prototype.load === load, n({ bufferSize: 9 }) !== a);
      });`;
    expect(node(['-e', script])).toMatchObject({ stdout: 'true true true\n', status: 0 });
  });

  it('is not needed for the process to end', () => {
    expect(node(['--import', join(workplace.folder, 'register.mjs'), '-e', '0'])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});
