import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { contrastFailures, nameless, overflowing } from '../../../web/test/inspect.ts';
import { createMeasure } from '../../src/core/measure.ts';
import { type Started, start } from '../../src/core/start.ts';
import { createDashboard, type Dashboard } from '../../src/dashboard/dashboard.ts';
import { createFallback } from '../../src/fallback/fallback.ts';
import { setRoute } from '../../src/http/route.ts';
import { instrumentations } from '../../src/instrumentations.ts';
import {
  hasBrowser,
  launch,
  type Opened,
  open as openPage,
  picture,
  signIn as signInWith,
  untilOpen,
} from './browser.ts';

const TOKEN = 'opens the dashboard';
const HOSTILE = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">\u202Egnp.exe\u2066 "'&`;

describe.skipIf(!hasBrowser)('the dashboard in a browser', () => {
  let started: Started;
  let dashboard: Dashboard;
  let server: Server;
  let url: string;
  let browser: Browser;
  let page: Page;
  let opened: Opened | undefined;
  let answers = true;

  beforeAll(async () => {
    started = start({
      options: { dashboardToken: TOKEN, samplingRate: 0.1, serviceName: 'links', slowQueryThreshold: 0.5 },
      environment: { METRICS_SAMPLING_RATES: HOSTILE },
      instrumentations,
      say: () => {},
    });
    // Somebody takes the spans, so that operations have traces to point to.
    started.onSpan(() => {});
    dashboard = createDashboard(started);
    const handler = dashboard.handler();
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://x');
      if (pathname === '/ops') {
        setRoute(request, '/ops');
        if (answers) handler(request, response);
        else response.destroy();
        return;
      }
      setRoute(request, pathname === '/hostile' ? HOSTILE : pathname);
      response.statusCode = pathname === '/fails' ? 500 : 200;
      response.end('ok');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await useQuietly();
    browser = await launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    dashboard?.close();
    server?.closeAllConnections();
    await new Promise((done) => server?.close(done));
    started?.stop();
  });
  afterEach(() => opened?.context.close());

  /** One or two operations of each kind: far below what a rate of a tenth would be sure to keep. */
  async function useQuietly(): Promise<void> {
    const measure = createMeasure(started);
    measure('page', {}, () => 'html', 'render');
    await measure('b2_upload', { bucket: 'photos' }, async () => 1);
    await expect(measure('push', {}, () => Promise.reject(new Error('gone')), 'push')).rejects.toThrow('gone');
    const record = (name: string, seconds: number, failed = false, detail = '') =>
      started.recorder.record({ kind: 'database', name, seconds, failed, detail: () => detail });
    record('SELECT links', 0.002);
    record('INSERT links', 0.8, false, 'INSERT INTO links (code, url)\nVALUES (?, ?)');
    record(HOSTILE, 0.01, true, HOSTILE);
    for (const path of ['/', '/fails', '/hostile']) await (await fetch(url + path)).text();
    const rates = createFallback(started)(
      () => Promise.reject<number>(new Error('down')),
      () => 1,
      {
        name: 'rates',
        minimumFailures: 1,
      },
    );
    await rates();
    const pool = started.meters.gauge({ name: 'db_client_connections_usage', help: 'P.', labels: ['pool', 'state'] });
    for (const [state, value] of [
      ['used', 3],
      ['idle', 7],
      ['waiting', 2],
    ] as const)
      pool.set(['links', state], value);
    started.guard.report('http.server.end', new Error('an error of its own'));
  }

  async function open(colorScheme: 'light' | 'dark', width: number): Promise<Opened> {
    opened = await openPage(browser, `${url}/ops`, colorScheme, width);
    page = opened.page;
    return opened;
  }

  const signIn = (token = TOKEN) => signInWith(opened!, token);

  async function openSignedIn(colorScheme: 'light' | 'dark', width: number): Promise<Opened> {
    const own = await open(colorScheme, width);
    await signIn();
    await untilOpen(own, 'links');
    return own;
  }

  const textOf = (name: string) => page.getByRole('region', { name }).innerText();

  it('opens for the token and for nothing else, and closes again', async () => {
    const { context } = await open('light', 1280);
    await signIn('a wrong one');
    await page.getByText('The token is wrong.').waitFor();
    await signIn();
    await page.getByRole('heading', { name: 'links', exact: true }).waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ path: '/ops', httpOnly: true, sameSite: 'Strict' });
    expect(JSON.stringify(cookie)).not.toContain(TOKEN);
    await page.reload();
    await page.getByRole('heading', { name: 'links', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  it('shows every kind of operation of a quiet service at a rate of a tenth, and says that it is a sample', async () => {
    await openSignedIn('light', 1280);
    const kinds = await textOf('Operations by kind');
    for (const kind of ['render', 'operation', 'push', 'database', 'http']) expect(kinds).toContain(kind);
    const database = page.getByRole('row', { name: /^database/ });
    expect(await database.innerText()).toMatch(/sample\s+3\s+1\s+3\s+10 %, but 10 a minute at least/);
    await page.getByText('database by name:').click();
    expect(await textOf('Operations of kind database')).toMatch(/SELECT links\s+1\s+0/);
    const notable = await textOf('Slowest and failed operations');
    expect(notable).toContain('INSERT INTO links (code, url)');
    expect(notable).toMatch(/slow\s+800 ms/);
    expect(notable).toMatch(/push\s+push\s+failed/);
    expect(notable).toMatch(/[0-9a-f]{32}/);
    expect(await textOf('Database pools')).toMatch(/links\s+3\s+7\s+2/);
    expect(await textOf('Fallbacks')).toMatch(/rates\s+open\s+0\s+1\s+0\s+0/);
    expect(await textOf('Errors of the library itself')).toMatch(/http\.server\.end\s+1/);
    expect(await textOf('Settings')).toMatch(/samplingRate\s+\{"default":0\.1\}\s+option/);
    expect(await textOf('Settings')).toMatch(/dashboardToken\s+\[hidden\]\s+option/);
    await page.getByText('did you mean METRICS_SAMPLING_RATE?').waitFor();
    expect(opened?.complaints).toEqual([]);
  });

  it('refreshes itself, says when it could not, and goes on when it can', async () => {
    await openSignedIn('light', 1280);
    await (await fetch(`${url}/fails`)).text();
    await expect
      .poll(() => textOf('Requests by route'), { timeout: 15_000 })
      .toMatch(/GET \/fails\s+\S+\s+\d+\s+\d+ · 100 %/);
    await page.getByText(/requests? failed in the last 5 minutes/).waitFor();
    expect(opened?.complaints).toEqual([]);
    const chart = page.getByRole('img', { name: /^Requests a second at/ });
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await chart.getAttribute('aria-label')).toMatch(/all [\d.<]+, failed [\d.<]+/);
    answers = false;
    await page.getByRole('alert').getByText('the application does not answer').waitFor({ timeout: 15_000 });
    answers = true;
    await page.getByRole('alert').waitFor({ state: 'hidden', timeout: 15_000 });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/^paused at/).waitFor();
  }, 60_000);

  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
    ['dark', 400],
  ] as const) {
    it(`in ${theme} at ${width} px: nothing hostile runs or hides, nothing overflows, all can be read, no complaint`, async () => {
      const own = await openSignedIn(theme, width);
      await page
        .getByRole('region', { name: 'Requests by route' })
        .getByRole('row', { name: 'GET /fails' })
        .waitFor({ timeout: 15_000 });
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
      const text = await page.locator('body').innerText();
      expect(text).toContain('<script>window.hacked=1</script>');
      expect(text).toContain('‹U+202E›gnp.exe‹U+2066›');
      expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
      expect(await overflowing(page)).toEqual([]);
      expect(await nameless(page)).toEqual([]);
      expect(await contrastFailures(page)).toEqual([]);
      expect(opened?.complaints).toEqual([]);
      await picture(own, `dashboard-${theme}-${width}`);
    }, 60_000);
  }

  it('is signed in with the keyboard alone', async () => {
    await open('light', 1280);
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('token');
    await page.keyboard.type(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'links', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('5 min');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toMatch(/#15m$/);
    expect(await page.getByRole('button', { name: '15 min' }).getAttribute('aria-pressed')).toBe('true');
  });
});
