import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident, IncidentSummary, Release } from '@nightshift/server/api';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../src/client.ts';
import { untilStarted } from '../src/commands/release.ts';
import { missingParts } from '../src/demo/completeness.ts';
import { Traffic } from '../src/demo/traffic.ts';
import { type Built, copyOfBuild } from './built.ts';
import { killAllOf } from './processes.ts';

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
  console.warn(`\n!!! THE INCIDENT PAGE IS NOT TESTED: there is no Chromium at ${CHROMIUM}; set CHROMIUM to one.\n`);

/** Chromium says so of every sandboxed frame that the driver looks into. */
const SANDBOXED = /Blocked script execution in 'about:srcdoc'/;
const SHOTS = '/tmp/shots';
const OWN_PASSWORD = 'a sentence that nobody guesses';
const dir = mkdtempSync(join(tmpdir(), 'nightshift-page-test-'));

interface Serving {
  readonly url: string;
  readonly oneTimePassword: string;
  readonly client: Client;
}

/** Starts the built `serve` for the first time, and reads the address and the one-time password where a person would. */
function startForTheFirstTime(entry: string): Promise<Serving> {
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir);
  const child = spawn(process.execPath, [entry, 'serve'], {
    cwd: dir,
    env: {
      PATH: process.env.PATH,
      TMPDIR: dir,
      NIGHTSHIFT_DATA_DIR: dataDir,
      NIGHTSHIFT_HTTP_PORT: '0',
      NIGHTSHIFT_HTTP_OTLP_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const url = /Nightshift is up: (\S+)/.exec(output)?.[1];
        const oneTimePassword = /one-time password (\S+)/.exec(output)?.[1];
        if (!url || !oneTimePassword) return;
        const token = readFileSync(join(dataDir, 'cli-token'), 'utf8').trim();
        resolve({ url, oneTimePassword, client: new Client({ server: url, token }) });
      });
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}:\n${output}`)));
  });
}

async function release(client: Client, version: 'v1' | 'v2', examplesDir: string): Promise<Release> {
  cpSync(join(examplesDir, version), join(dir, version), { recursive: true });
  const asked = await client.post<Release>('/api/v1/releases', {
    service: 'url-shortener',
    version,
    dir: join(dir, version),
    command: [process.execPath, '--enable-source-maps', 'dist/main.js'],
    env: { LINKS_FILE: join(dir, 'links.json') },
    healthPath: '/healthz',
    port: 0,
    failover: true,
  });
  return untilStarted(client, asked, performance.now() + 60_000);
}

/** Traffic on the good version, then the bad one, until the incident is mitigated and complete. */
async function playIncident({ client }: Serving, examplesDir: string): Promise<Incident> {
  const good = await release(client, 'v1', examplesDir);
  if (!good.url) throw new Error(`v1 is ${good.state}: ${good.stateReason}`);
  const users = new Traffic({ url: good.url, requestsPerSecond: 100, writeShare: 0.1, timeoutMs: 10_000 });
  users.start();
  try {
    await sleep(6000);
    await release(client, 'v2', examplesDir);
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { incidents } = await client.get<{ incidents: IncidentSummary[] }>('/api/v1/incidents');
      const id = incidents[0]?.id;
      const incident = id ? await client.get<Incident>(`/api/v1/incidents/${id}`) : null;
      if (incident && missingParts(incident).length === 0) return incident;
      if (performance.now() > deadline)
        throw new Error(incident ? `the incident lacks ${missingParts(incident).join(', ')}` : 'no incident');
      await sleep(200);
    }
  } finally {
    await users.stop();
  }
}

describe.skipIf(!existsSync(CHROMIUM))('the page of a real incident', () => {
  let built: Built;
  let serving: Serving;
  let incident: Incident;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    built = copyOfBuild();
    serving = await startForTheFirstTime(built.entry);
    incident = await playIncident(serving, built.examplesDir);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()} ${message.location().url}`);
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    killAllOf(dir);
    if (built) rmSync(built.dir, { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  // A test answers for its own complaints alone.
  beforeEach(() => {
    complaints.length = 0;
  });

  async function visit(path: string): Promise<void> {
    await page.goto(serving.url + path);
    await page.locator('h1').waitFor();
    await page.locator('.pending').first().waitFor({ state: 'detached' });
  }

  /** Once all graphs are drawn. The page's own head stays at its top. */
  async function shoot(name: string): Promise<void> {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  }

  async function visitIncident(): Promise<void> {
    await visit(`/incidents/${incident.id}`);
    await expect.poll(() => page.locator('.graph canvas').count()).toBe(incident.evidence.graphs.length);
  }

  const widthBeyond = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  it('is reached with the one-time password, which is then changed', async () => {
    await page.goto(`${serving.url}/incidents/${incident.id}`);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(serving.oneTimePassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${serving.url}/incidents/${incident.id}`);
    // The first question of a browser without a session is answered with 401, which Chromium logs as an error.
    expect(complaints.splice(0).filter((text) => !/status of 401/.test(text))).toEqual([]);
    await page.getByRole('link', { name: 'Change it now' }).click();
    await page.getByLabel('Present password').fill(serving.oneTimePassword);
    await page.getByLabel('New password', { exact: true }).fill(OWN_PASSWORD);
    await page.getByLabel('New password again').fill(OWN_PASSWORD);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The password is changed.').waitFor();
    await page.getByRole('link', { name: 'Change it now' }).waitFor({ state: 'detached' });
    const again = await fetch(`${serving.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'admin', password: serving.oneTimePassword }),
    });
    expect(again.status).toBe(401);
    expect(complaints).toEqual([]);
  });

  it('says in its title and its timeline what happened, and every link leads to its evidence', async () => {
    await visitIncident();
    expect(await page.locator('h1').innerText()).toContain(incident.title);
    expect(await page.title()).toContain(incident.id);
    expect(await page.locator('.timeline > li strong').allInnerTexts()).toEqual(
      incident.timeline.map(({ title }) => title),
    );
    const links = page.locator('.timeline-links a');
    expect(await links.count()).toBe(incident.timeline.flatMap(({ evidence }) => evidence).length);
    expect(await links.count()).toBeGreaterThan(2);
    for (const link of await links.all()) {
      const target = (await link.getAttribute('href')) ?? '';
      if (target.startsWith('/traces/')) continue;
      const anchor = page.locator(`[id="${decodeURIComponent(target.slice(1))}"]`);
      expect(await anchor.count(), target).toBe(1);
      await link.click();
      expect(await anchor.getAttribute('data-lit'), target).toBe('');
    }
    expect(complaints).toEqual([]);
  });

  it('shows the change in src/store.ts first, and the error lines', async () => {
    await visitIncident();
    const first = page.locator('details[id^="evidence-hunk-"]').first();
    expect(await first.getAttribute('open')).toBe('');
    expect(await first.locator('summary').innerText()).toContain('src/store.ts');
    expect(await first.locator('.diff-added').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringContaining('JSON.parse')]),
    );
    const logs = page.locator('#evidence-logs');
    const failed = incident.evidence.excerpt.lines.find(({ isError }) => isError);
    await logs
      .getByText(failed?.text ?? 'no error line')
      .first()
      .waitFor();
    expect(complaints).toEqual([]);
  });

  it('draws what the bad version did, however short it lived', async () => {
    await visitIncident();
    const drawn = await page.locator('.graph').evaluateAll((figures) =>
      figures.map((figure) => {
        const canvas = figure.querySelector('canvas') as HTMLCanvasElement;
        const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        const isDrawn = (colour: readonly number[]) => {
          for (let at = 0; at < pixels.length; at += 4)
            if (pixels[at + 3] === 255 && colour.every((part, i) => Math.abs(part - (pixels[at + i] ?? 0)) < 24))
              return true;
          return false;
        };
        return [...figure.querySelectorAll('.graph-key i')].map((key) =>
          isDrawn((getComputedStyle(key).backgroundColor.match(/\d+/g) ?? []).slice(0, 3).map(Number)),
        );
      }),
    );
    const ofBadVersion = incident.evidence.graphs.flatMap(({ title, lines }, at) =>
      /failed/i.test(title) ? [drawn[at]?.[lines.findIndex(({ name }) => name === 'v2')]] : [],
    );
    expect(ofBadVersion).toEqual([true, true]);
    // A line may lie under another one; a graph without any is empty.
    for (const lines of drawn) expect(lines).toContain(true);
    expect(complaints).toEqual([]);
  });

  it('shows the report as the server wrote it', async () => {
    await visitIncident();
    await page.getByRole('link', { name: 'Open report' }).click();
    const report = page.frameLocator('iframe.report');
    await report.getByText('src/store.ts').first().waitFor();
    expect(await report.locator('body').innerText()).toContain(incident.title);
    await shoot('report-light');
    // Its own style is in force: the report would be legible without, but its diffs would not.
    const shown = await report.locator('body').evaluate((body) => getComputedStyle(body).maxWidth);
    expect(shown).not.toBe('none');
    expect(complaints.splice(0).filter((text) => !SANDBOXED.test(text))).toEqual([]);
  });

  it('gives the report an address that can be reloaded and passed on', async () => {
    const answer = await page.goto(`${serving.url}/incidents/${incident.id}/report`);
    expect(answer?.status()).toBe(200);
    await page.frameLocator('iframe.report').getByText('src/store.ts').first().waitFor();
  });

  it('can be read in light and dark, and fits a phone', { timeout: 60_000 }, async () => {
    for (const [path, name] of [
      ['/', 'now-light'],
      ['/services', 'services-light'],
    ] as const) {
      await visit(path);
      await page.getByText('url-shortener').first().waitFor();
      await shoot(name);
    }
    await visitIncident();
    await shoot('incident-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await visitIncident();
    await shoot('incident-dark');
    await page.setViewportSize({ width: 400, height: 850 });
    await page.emulateMedia({ colorScheme: 'light' });
    for (const path of ['/', '/services', '/releases', '/incidents', `/incidents/${incident.id}`]) {
      await visit(path);
      expect(await widthBeyond(), path).toBe(0);
    }
    await visitIncident();
    expect(await widthBeyond()).toBe(0);
    await shoot('incident-phone');
    expect(complaints.filter((text) => !SANDBOXED.test(text))).toEqual([]);
  });
});
