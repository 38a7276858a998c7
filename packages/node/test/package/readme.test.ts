import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject, type Project, root, run } from './project.ts';

const readme = readFileSync(join(root, 'packages/node/README.md'), 'utf8');
const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
/** As the text below the example has it. */
const metricsLine = /`(app\.get\('\/metrics', .*?\))`/.exec(readme)?.[1] ?? '';
const express = JSON.parse(readFileSync(join(root, 'packages/node/test/package.json'), 'utf8')).dependencies.express;

let project: Project;

beforeAll(async () => {
  project = createProject('node-readme');
  const packed = await run(process.execPath, [join(root, 'tools/build-node.mjs'), project.dir], root);
  expect(packed.status, packed.output).toBe(0);
  const tarball = readdirSync(project.dir).find((name) => name.endsWith('.tgz'));
  const installed = await project.install(`./${tarball}`, `express@${express}`);
  expect(installed.status, installed.output).toBe(0);
}, 120_000);

afterAll(() => project.remove());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** What `look` sees of the application while it runs, with what it has said. */
async function running<T>(args: readonly string[], look: (address: string) => Promise<T>): Promise<T> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), METRICS_DASHBOARD_TOKEN: 'choose-one' };
  const child = spawn(process.execPath, args, { cwd: project.dir, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const address = `http://127.0.0.1:${port}`;
  const up = async () => (await fetch(`${address}/users/up`).catch(() => undefined))?.ok === true;
  try {
    for (let i = 0; i < 200 && child.exitCode === null && !(await up()); i++) await sleep(50);
    return await look(address);
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  }
}

const authorization = 'Bearer choose-one';

describe('the first example of the README', () => {
  it.each([
    ['as it stands', []],
    ['with the preload', ['--import', '@nightshift/node/register']],
  ])('runs %s: the dashboard wants the token and shows the requests by route', async (_how, flags) => {
    project.write('app.mjs', example);
    await running([...flags, 'app.mjs'], async (address) => {
      expect(await (await fetch(`${address}/users/42`)).json()).toEqual({ id: '42' });
      expect((await fetch(`${address}/nightshift?data`)).status).toBe(401);
      const shown = async () => (await fetch(`${address}/nightshift?data`, { headers: { authorization } })).text();
      await expect.poll(shown, { timeout: 10_000 }).toContain('GET /users/:id');
      expect(await shown()).not.toContain('/users/42');
      const page = await fetch(`${address}/nightshift`, { headers: { authorization } });
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    });
  });

  it('shows its metrics to Prometheus with the line that follows', async () => {
    project.write('app.mjs', `${example}\n${metricsLine};\n`);
    await running(['app.mjs'], async (address) => {
      await (await fetch(`${address}/users/42`)).text();
      const text = async () => (await fetch(`${address}/metrics`)).text();
      const served = /^http_request_duration_seconds_count\{.*route="\/users\/:id".*\} [1-9]/m;
      await expect.poll(text, { timeout: 10_000 }).toMatch(served);
    });
  });
});
