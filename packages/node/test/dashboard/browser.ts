import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

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

export const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser)
  console.warn(`\n!!! THE DASHBOARD IS NOT TESTED: there is no Chromium at ${CHROMIUM}; set CHROMIUM to one.\n`);

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors and warnings of the console, and requests to elsewhere. */
  complaints: string[];
}

export async function open(
  browser: Browser,
  address: string,
  colorScheme: 'light' | 'dark',
  width: number,
): Promise<Opened> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const opened: Opened = { context, page, complaints: [] };
  const { origin } = new URL(address);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) opened.complaints.push(message.text());
  });
  page.on('pageerror', (error) => opened.complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('data:'))
      opened.complaints.push(request.url());
  });
  await page.goto(address);
  return opened;
}

export async function signIn({ page }: Opened, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Until the page is there. That nobody was signed in yet is said by the browser as an error, and no complaint. */
export async function untilOpen(opened: Opened, title: string): Promise<void> {
  await opened.page.getByRole('heading', { name: title, exact: true }).waitFor();
  opened.complaints = opened.complaints.filter((text) => !/status of 401/.test(text));
}

/** Pictures to look at are kept in the directory NIGHTSHIFT_TEST_PICTURES, where that is set. */
export async function picture({ page }: Opened, name: string, fullPage = true): Promise<void> {
  const dir = process.env.NIGHTSHIFT_TEST_PICTURES;
  if (!dir) return;
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: resolve(dir, `${name}.png`), fullPage });
}
