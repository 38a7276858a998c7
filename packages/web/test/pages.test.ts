import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TRACE } from './fixture-data.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';
import { contrastFailures, nameless, overflowing } from './inspect.ts';

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
  console.warn(`\n!!! THE PAGES ARE NOT TESTED: there is no Chromium at ${CHROMIUM}; set CHROMIUM to one.\n`);

const WEB = resolve(import.meta.dirname, '..');
const PAGES = [
  '/',
  '/services',
  '/releases',
  '/incidents',
  '/incidents/INC-7',
  '/incidents/INC-7/report',
  '/logs',
  `/traces/${TRACE}`,
  '/metrics?query=up',
  '/cardinality',
  '/settings',
  '/no/such/page',
];

describe.skipIf(!existsSync(CHROMIUM))('the pages', () => {
  let server: FixtureServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await build({ root: WEB, configFile: resolve(WEB, 'vite.config.ts'), logLevel: 'error' });
    server = await startFixtureServer(resolve(WEB, 'dist'));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    server.scenario = 'full';
    server.changes.length = 0;
    await open('light', 1280);
  });
  afterEach(() => page.context().close());

  async function open(colorScheme: 'light' | 'dark', width: number, signedIn = true): Promise<void> {
    if (page && !page.isClosed()) await page.context().close();
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      reducedMotion: 'reduce',
    });
    if (signedIn) await context.addCookies([{ name: 'nightshift_session', value: 'fixture', url: server.url }]);
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on(
      'request',
      (request) =>
        new URL(request.url()).origin !== server.url &&
        !request.url().startsWith('about:') &&
        complaints.push(`request to ${request.url()}`),
    );
  }

  async function visit(path: string): Promise<void> {
    await page.goto(server.url + path, { waitUntil: 'networkidle' });
    await page.locator('h1').waitFor();
    await page.locator('.pending').waitFor({ state: 'detached' });
  }

  /** The browser itself says that a resource answered 4xx or 5xx, and that the report's sandbox kept its script from running. */
  const unexpected = () =>
    complaints.filter((text) => !/Failed to load resource|Blocked script execution in 'about:srcdoc'/.test(text));

  test('a visitor without a session signs in and returns to the page that was asked for', async () => {
    await open('light', 1280, false);
    await visit('/incidents?range=6h');
    await page.getByLabel('Name').fill('mira');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
    await page.getByLabel('Password').fill('right');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${server.url}/incidents?range=6h`);
    await page.getByRole('heading', { name: '1 incident open' }).waitFor();
    expect(unexpected()).toEqual([]);
  });

  test('the login leads to no other origin', async () => {
    await open('light', 1280, false);
    await visit('/login?next=//evil.example/x');
    await page.getByLabel('Name').fill('mira');
    await page.getByLabel('Password').fill('right');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${server.url}/`);
  });

  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const) {
    test(`every page in ${theme} at ${width} px: nothing hostile runs, nothing overflows, all text can be read, no complaint`, async () => {
      await open(theme, width);
      const titles = new Set<string>();
      for (const path of PAGES) {
        await visit(path);
        await page.locator('details').evaluateAll((all) => {
          for (const one of all) one.setAttribute('open', '');
        });
        expect(await contrastFailures(page), `contrast on ${path}`).toEqual([]);
        expect(await overflowing(page), `width of ${path}`).toEqual([]);
        expect(await nameless(page), `names on ${path}`).toEqual([]);
        expect(await page.evaluate(() => '__hit' in window), `something ran on ${path}`).toBe(false);
        expect(await page.locator('img, a[href^="javascript:"]').count(), `markup on ${path}`).toBe(0);
        titles.add(await page.title());
      }
      expect(titles.size).toBe(PAGES.length);
      expect(unexpected()).toEqual([]);
    }, 120_000);
  }

  test('the inspections find what they look for', async () => {
    await page.setContent(
      '<body style="background:#fff"><p style="color:#999">pale</p><p style="width:3000px">wide</p><button></button>',
    );
    expect(await contrastFailures(page)).toEqual(['2.85 pale']);
    expect(await overflowing(page)).not.toEqual([]);
    expect(await nameless(page)).toEqual(['<button></button>']);
  });

  test('a link in the timeline leads to its evidence, opens and marks it', async () => {
    await visit('/incidents/INC-7');
    const exchange = page.locator('#evidence-exchange-ex-0');
    expect(await exchange.getAttribute('open')).toBeNull();
    await page.locator('.timeline').getByRole('link', { name: 'exchange', exact: true }).click();
    expect(await exchange.getAttribute('open')).not.toBeNull();
    expect(await page.locator('[data-lit]').evaluateAll((lit) => lit.map((element) => element.id))).toEqual([
      'evidence-exchange-ex-0',
    ]);
    expect(
      await exchange.evaluate(
        (element) => element === document.activeElement && element.getBoundingClientRect().top < innerHeight,
      ),
    ).toBe(true);
    expect(new URL(page.url()).hash).toBe('#evidence-exchange-ex-0');
    for (const link of await page.locator('.timeline-links a').all()) {
      await link.click();
      expect(await page.locator('[data-lit]').count()).toBe(1);
    }
  });

  test('an address with evidence in it opens there', async () => {
    await visit('/incidents/INC-7#evidence-hunk-2');
    expect(await page.locator('#evidence-hunk-2').getAttribute('open')).not.toBeNull();
  });

  test('the first change is open, the others are closed', async () => {
    await visit('/incidents/INC-7');
    const open = await page
      .locator('details[id^="evidence-hunk"]')
      .evaluateAll((all) => all.map((one) => (one as HTMLDetailsElement).open));
    expect(open).toEqual([true, false, false]);
  });

  test('graphs draw, and a cursor over one shows the values of all', async () => {
    await visit('/incidents/INC-7');
    const canvas = page.locator('.graph-canvas .u-over');
    await canvas.first().hover({ position: { x: 200, y: 60 } });
    const keys = page.locator('.graph-key');
    await expect.poll(() => keys.nth(0).textContent()).toMatch(/\d\d:\d\d:\d\d/);
    const at = async (index: number) => /\d\d:\d\d:\d\d\.\d/.exec((await keys.nth(index).textContent()) ?? '')?.[0];
    expect(await at(1)).toBe(await at(0));
  });

  test('an incident is resolved', async () => {
    await visit('/incidents/INC-7');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.locator('.head .tag', { hasText: 'resolved' }).waitFor();
    expect(server.changes).toEqual([{ path: '/api/v1/incidents/INC-7/state', body: { state: 'resolved' } }]);
  });

  test('a release is rolled back only after a reason is given and confirmed', async () => {
    await visit('/releases');
    await page.getByRole('button', { name: 'Roll back url-shortener v1' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Roll back' }).isDisabled()).toBe(true);
    expect(server.changes).toEqual([]);
    await dialog.getByLabel('Why').fill('users complain');
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(server.changes).toEqual([
      { path: '/api/v1/releases/rollback', body: { service: 'url-shortener', reason: 'users complain' } },
    ]);
  });

  test('a new token is shown once; rotating and revoking ask first', async () => {
    await visit('/settings');
    await page.getByLabel('Name', { exact: true }).fill('shop');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('nst_shown_once').waitFor();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    expect(await page.getByText('nst_shown_once').count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke ci' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(server.changes.map(({ path }) => path)).toEqual(['/api/v1/tokens', '/api/v1/tokens/tok-1']);
    expect(server.changes[0]?.body).toEqual({ name: 'shop', rights: ['ingest'] });
  });

  test('the banner asks for a password of one’s own until it is changed', async () => {
    await visit('/');
    await page.getByRole('link', { name: 'Change it now' }).click();
    await page.getByLabel('Present password').fill('once');
    await page.getByLabel('New password', { exact: true }).fill('a longer one');
    await page.getByLabel('New password again').fill('a longer one');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The password is changed.').waitFor();
    await page.getByText('one-time password of the first start').waitFor({ state: 'detached' });
  });

  test('a query that cannot be read is marked where it went wrong', async () => {
    await visit('/metrics');
    await page.getByLabel('PromQL').fill('sum((up');
    await page.getByLabel('PromQL').press('Enter');
    await page.getByText('line 1, column 5').waitFor();
    expect(await page.locator('.caret').textContent()).toBe('sum((up\n    ^');
  });

  test('the metric that makes the series leads to what it is made of and to a rule that can be copied', async () => {
    await visit('/cardinality');
    await page
      .getByRole('heading', {
        name: 'shortener_redirects_by_country_of_the_visitor_total makes 92 % of the series, by 24,105 values of user_id',
      })
      .waitFor();
    await page.getByText('target_label: "user_id"').waitFor();
    await page
      .getByRole('region', { name: 'Metrics', exact: true })
      .getByRole('link', { name: /_bucket$/ })
      .click();
    await page.getByRole('heading', { name: /_bucket has 4,320 series, by 45 values of http_route/ }).waitFor();
    expect(new URL(page.url()).searchParams.get('match')).toBe(
      '{__name__="http_server_request_duration_seconds_bucket"}',
    );
    await page.getByText('Drop the metric').click();
    await page.getByText('action: drop').waitFor();
    await page.getByRole('link', { name: 'All series' }).click();
    await page.waitForURL(`${server.url}/cardinality`);
    await page.getByLabel('Only the series of').fill('{__name__="up"}');
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByRole('heading', { name: 'up has 4 series' }).waitFor();
    expect(unexpected()).toEqual([]);
  });

  test('Ctrl-K finds an incident by keyboard and a trace by its id', async () => {
    await visit('/');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Find/ }).fill('redirects');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/incidents/INC-7`);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Find/ }).fill(TRACE);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/traces/${TRACE}`);
  });

  test('the time range stays from page to page', async () => {
    await visit('/?range=6h');
    await page.getByRole('navigation').getByRole('link', { name: 'Logs' }).click();
    await page.waitForURL(`${server.url}/logs?range=6h`);
    await page.getByLabel('Time range').selectOption('24h');
    await page.waitForURL(`${server.url}/logs?range=24h`);
  });

  test('empty pages say so and what would fill them', async () => {
    server.scenario = 'empty';
    for (const [path, words] of [
      ['/', 'Nothing is watched yet'],
      ['/services', 'OTEL_EXPORTER_OTLP_ENDPOINT='],
      ['/releases', '/api/v1/releases -d'],
      ['/incidents', 'Nothing has gone wrong so far.'],
      ['/logs', 'No line was logged in this range.'],
      ['/logs?q=x', 'No line matches.'],
      [`/traces/${TRACE}`, 'No span of this trace is stored.'],
      ['/metrics', 'Ask with PromQL.'],
      ['/metrics?query=up', 'No series has a value in this range.'],
      ['/cardinality', 'No metric has been stored yet.'],
      ['/cardinality?match=x', 'No stored series is chosen by this selector.'],
      ['/settings', 'No token yet.'],
    ] as const) {
      await visit(path);
      await page.getByText(words).first().waitFor({ timeout: 5_000 });
      expect(await contrastFailures(page), path).toEqual([]);
    }
    expect(unexpected()).toEqual([]);
  });

  test('pages that failed say the server’s own reason and can be tried again', async () => {
    server.scenario = 'failing';
    for (const path of PAGES.slice(0, -1)) {
      await visit(path);
      await page.getByText('The storage engine is not up').first().waitFor({ timeout: 10_000 });
      expect(await overflowing(page), path).toEqual([]);
    }
    await visit('/incidents');
    await page.getByRole('alert').waitFor();
    server.scenario = 'full';
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'Redirects failed after release v2' }).waitFor();
  }, 60_000);
});
