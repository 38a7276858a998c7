import { existsSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { contrastFailures, nameless, overflowing } from '../../../web/test/inspect.ts';
import { createMeasure } from '../../src/core/measure.ts';
import { type Started, start } from '../../src/core/start.ts';
import { createDashboard, type Dashboard } from '../../src/dashboard/dashboard.ts';
import { createFallback } from '../../src/fallback/fallback.ts';
import { setRoute } from '../../src/http/route.ts';
import { instrumentations } from '../../src/instrumentations.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
if (!existsSync(CHROMIUM))
  console.warn(`\n!!! THE DASHBOARD IS NOT TESTED: there is no Chromium at ${CHROMIUM}; set CHROMIUM to one.\n`);
/** Pictures to look at are kept where this is set. */
const PICTURES = process.env.NIGHTSHIFT_TEST_PICTURES;

const TOKEN = 'opens the dashboard';
const HOSTILE = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">\u202Egnp.exe\u2066 "'&`;

describe.skipIf(!existsSync(CHROMIUM))('the dashboard in a browser', () => {
  let started: Started;
  let dashboard: Dashboard;
  let server: Server;
  let url: string;
  let browser: Browser;
  let page: Page;
  let context: BrowserContext;
  let complaints: string[];
  let answers = true;

  beforeAll(async () => {
    started = start({
      options: { dashboardToken: TOKEN, samplingRate: 0.1, serviceName: 'links', slowQueryThreshold: 0.5 },
      environment: { METRICS_SAMPLING_RATES: HOSTILE },
      instrumentations,
      say: () => {},
    });
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
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    dashboard?.close();
    server?.closeAllConnections();
    await new Promise((done) => server?.close(done));
    started?.stop();
  });
  afterEach(() => context?.close());

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

  async function open(colorScheme: 'light' | 'dark', width: number): Promise<void> {
    context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' });
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== url && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(`${url}/ops`);
  }

  async function signIn(token = TOKEN): Promise<void> {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async function openSignedIn(colorScheme: 'light' | 'dark', width: number): Promise<void> {
    await open(colorScheme, width);
    await signIn();
    await page.getByRole('heading', { name: 'links', exact: true }).waitFor();
    // That nobody was signed in yet is said by the browser as an error.
    complaints = complaints.filter((text) => !/status of 401/.test(text));
  }

  const textOf = (name: string) => page.getByRole('region', { name }).innerText();

  it('opens for the token and for nothing else, and closes again', async () => {
    await open('light', 1280);
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
    expect(await database.innerText()).toMatch(/sample\s+3\s+1\s+3\s+10\.0 %, but 10 a minute at least/);
    await page.getByText('database by name:').click();
    expect(await textOf('Operations of kind database')).toMatch(/SELECT links\s+1\s+0/);
    const notable = await textOf('Slowest and failed operations');
    expect(notable).toContain('INSERT INTO links (code, url)');
    expect(notable).toMatch(/slow\s+0\.80 s|slow\s+800 ms/);
    expect(notable).toMatch(/push\s+push\s+failed/);
    expect(notable).toMatch(/[0-9a-f]{32}/);
    expect(await textOf('Database pools')).toMatch(/links\s+3\s+7\s+2/);
    expect(await textOf('Fallbacks')).toMatch(/rates\s+open\s+0\s+1\s+0\s+0/);
    expect(await textOf('Errors of the library itself')).toMatch(/http\.server\.end\s+1/);
    expect(await textOf('Settings')).toMatch(/samplingRate\s+\{"default":0\.1\}\s+option/);
    expect(await textOf('Settings')).toMatch(/dashboardToken\s+\[hidden\]\s+option/);
    await page.getByText('did you mean METRICS_SAMPLING_RATE?').waitFor();
    expect(complaints).toEqual([]);
  });

  it('refreshes itself, says when it could not, and goes on when it can', async () => {
    await openSignedIn('light', 1280);
    await (await fetch(`${url}/fails`)).text();
    await expect
      .poll(() => textOf('Requests by route'), { timeout: 15_000 })
      .toMatch(/GET \/fails\s+\S+\s+\d+\s+\d+ · 100 %/);
    await page.getByText(/requests? failed in the last 5 minutes/).waitFor();
    expect(complaints).toEqual([]);
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
      await openSignedIn(theme, width);
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
      expect(complaints).toEqual([]);
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: resolve(PICTURES, `dashboard-${theme}-${width}.png`), fullPage: true });
      }
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
