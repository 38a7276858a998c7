import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type ServeProcess, startServe } from '../src/demo/serve-process.ts';
import { type Built, copyOfBuild } from './built.ts';
import { killAllOf } from './processes.ts';

let built: Built;
let dir: string;
let serve: ServeProcess | undefined;
beforeAll(() => {
  built = copyOfBuild();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-serve-test-'));
}, 120_000);
afterAll(() => {
  if (serve) process.kill(serve.pid, 'SIGKILL');
  killAllOf(dir);
  for (const each of [built.dir, dir]) rmSync(each, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

it('tells whoever looks at the pages of the demo the password that signs in', async () => {
  serve = await startServe(built.entry, dir, AbortSignal.timeout(60_000));
  const password = await vi.waitFor(() => serve?.firstPassword() ?? expect.fail('not printed yet'), 10_000);
  const signIn = (name: string) =>
    fetch(`${serve?.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
  expect((await signIn('admin')).status).toBe(200);
  expect((await signIn('nobody')).status).toBe(401);
}, 90_000);
