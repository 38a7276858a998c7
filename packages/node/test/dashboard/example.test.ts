import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExample } from '../../../../examples/url-shortener/build.ts';
import { hasBrowser, launch, open, picture, signIn, untilOpen } from './browser.ts';

const TOKEN = 'of the link shortener';

describe('the link shortener, hardly used, at a sampling rate of a tenth', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-example-'));
  let child: ChildProcess;
  let url: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    await buildExample('v1', join(dir, 'v1'));
    child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
      cwd: join(dir, 'v1'),
      env: {
        ...process.env,
        PORT: '0',
        LINKS_FILE: join(dir, 'links.json'),
        METRICS_DASHBOARD_TOKEN: TOKEN,
        METRICS_SAMPLING_RATE: '0.1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    while (!output.includes('listening on')) await once(child.stdout!, 'data');
    url = /http:\S+/.exec(output)![0];
    const body = JSON.stringify({ url: 'https://example.org/' });
    const made = await fetch(`${url}/api/links`, { method: 'POST', body });
    const { code } = (await made.json()) as { code: string };
    for (const path of ['/', `/${code}`]) await (await fetch(url + path, { redirect: 'manual' })).text();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    if (child?.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(dir, { recursive: true, force: true });
  });

  it('tells the collector and the load balancer how it does', async () => {
    const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
    expect(metrics).toContain('operation_duration_seconds_count{operation="find link",outcome="ok"} 1');
    expect(metrics).toMatch(/http_request_duration_seconds_count\{route="\/:code",method="GET",status="302"\} 1/);
    for (const path of ['/health/live', '/health/ready']) expect((await fetch(url + path)).status).toBe(200);
  });

  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 400],
  ] as const) {
    it.skipIf(!hasBrowser)(`shows every operation that took place, in ${theme} at ${width} px`, async () => {
      browser ??= await launch();
      const opened = await open(browser, `${url}/dashboard`, theme, width);
      await signIn(opened, TOKEN);
      await untilOpen(opened, 'url-shortener');
      const { page } = opened;
      await page.getByText('storage by name:').click();
      const storage = await page.getByRole('region', { name: 'Operations of kind storage' }).innerText();
      for (const name of ['find link', 'read links', 'add link']) expect(storage).toContain(name);
      const routes = page.getByRole('region', { name: 'Requests by route' });
      await expect.poll(() => routes.innerText(), { timeout: 15_000 }).toContain('GET /:code');
      expect(opened.complaints).toEqual([]);
      await picture(opened, `example-${theme}-${width}`, false);
      await opened.context.close();
    });
  }

  it('ends by SIGTERM at once, with what is sampled still in it', async () => {
    const began = performance.now();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
