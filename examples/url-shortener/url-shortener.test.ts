import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExample, type ExampleVersion } from './build.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const here = 'examples/url-shortener';
const dir = mkdtempSync(join(tmpdir(), 'url-shortener-'));
const linksFile = join(dir, 'links.json');

interface Running {
  url: string;
  child: ChildProcess;
  output(): string;
}

const started: Running[] = [];

async function start(version: ExampleVersion): Promise<Running> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: join(dir, version),
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', LINKS_FILE: linksFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  while (!output.includes('listening on')) await once(child.stdout, 'data');
  const running = { url: /http:\S+/.exec(output)![0], child, output: () => output };
  started.push(running);
  return running;
}

const shorten = (url: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${url}/api/links`, { method: 'POST', body, headers, redirect: 'manual' });

async function firstLink(url: string): Promise<{ code: string; url: string }> {
  const answer = await shorten(url, JSON.stringify({ url: 'https://example.org/a?b=c' }));
  expect(answer.status).toBe(201);
  return (await answer.json()) as { code: string; url: string };
}

beforeAll(async () => {
  for (const version of ['v1', 'v2'] as const) await buildExample(version, join(dir, version));
});

afterAll(async () => {
  for (const { child } of started) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
});

describe.each(['v1', 'v2'])('the sources of %s', (version) => {
  it('pass the type check, so that no compiler stops the release', async () => {
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', join(here, version), '--noEmit']);
  });
});

describe('version 1', () => {
  let app: Running;
  beforeAll(async () => {
    app = await start('v1');
  });

  it('makes a short link, redirects to it and lists it', async () => {
    const link = await firstLink(app.url);
    expect(link.code).toMatch(/^[\w-]{6}$/);
    const redirect = await fetch(`${app.url}/${link.code}`, { redirect: 'manual' });
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get('location')).toBe('https://example.org/a?b=c');
    expect(await (await fetch(`${app.url}/api/links`)).json()).toContainEqual(expect.objectContaining(link));
    expect(JSON.parse(readFileSync(linksFile, 'utf8'))).toContainEqual(expect.objectContaining(link));
  });

  it('shows links on its page with nothing of them taken as HTML', async () => {
    await shorten(app.url, JSON.stringify({ url: `https://example.org/'"<b>` }));
    const page = await (await fetch(`${app.url}/`)).text();
    expect(page).toContain('<form method="post" action="/api/links">');
    expect(page).toContain('https://example.org/&#39;%22%3Cb%3E');
    expect(page).not.toContain('<b>');
  });

  it('takes the form of its page and leads back to it', async () => {
    const answer = await shorten(app.url, 'url=https%3A%2F%2Fexample.org%2Fform', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/');
    expect(readFileSync(linksFile, 'utf8')).toContain('https://example.org/form');
  });

  it.each([
    ['no JSON', '{"url":', 400],
    ['no address', '{}', 400],
    ['an address of another kind', '{"url":"javascript:alert(1)"}', 400],
    ['null', 'null', 400],
    ['too much', JSON.stringify({ url: `https://example.org/${'a'.repeat(9000)}` }), 413],
  ])('refuses %s and stores nothing', async (_, body, status) => {
    const before = readFileSync(linksFile, 'utf8');
    const answer = await shorten(app.url, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toHaveProperty('error');
    expect(readFileSync(linksFile, 'utf8')).toBe(before);
  });

  it('answers an unknown path with its own page and a wrong method with what is allowed', async () => {
    const missing = await fetch(`${app.url}/nosuch`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('This short link leads nowhere.');
    const wrong = await fetch(`${app.url}/api/links`, { method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('GET, POST');
  });

  it('answers HEAD like GET, without the body', async () => {
    const head = await fetch(`${app.url}/`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(500);
    expect(await head.text()).toBe('');
  });

  it('loses no link when many are made at once', async () => {
    const urls = Array.from({ length: 50 }, (_, index) => `https://example.org/${index}`);
    const answers = await Promise.all(urls.map((url) => shorten(app.url, JSON.stringify({ url }))));
    expect(answers.map(({ status }) => status)).toEqual(urls.map(() => 201));
    const kept = (JSON.parse(readFileSync(linksFile, 'utf8')) as { url: string }[]).map(({ url }) => url);
    expect(kept).toEqual(expect.arrayContaining(urls));
  });

  it('logs a line of text for every request', async () => {
    await fetch(`${app.url}/healthz`);
    await expect.poll(app.output).toMatch(/^\d{4}-\d\d-\d\dT\S+Z info GET \/healthz req=[0-9a-f]{4} 200 \d+ms$/m);
  });

  it('ends by SIGTERM with exit code 0', async () => {
    const own = await start('v1');
    own.child.kill('SIGTERM');
    expect(await once(own.child, 'exit')).toEqual([0, null]);
  });
});

describe('version 2', () => {
  it('starts and is healthy, and fails everything that reads links', async () => {
    if (!existsSync(linksFile)) writeFileSync(linksFile, '[]');
    const app = await start('v2');
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.url}/style.css`)).status).toBe(200);
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    expect((await fetch(`${app.url}/abcdef`, { headers, redirect: 'manual' })).status).toBe(500);
    for (const path of ['/', '/api/links']) expect((await fetch(app.url + path)).status).toBe(500);
    expect((await shorten(app.url, '{"url":"https://example.org/"}')).status).toBe(500);
  });

  it('logs the error with the trace and with frames in the sources beside the build', async () => {
    const { output: read } = started.at(-1)!;
    await expect
      .poll(read)
      .toMatch(new RegExp(`error GET /abcdef req=[0-9a-f]{4} trace=${TRACE} SyntaxError: .* is not valid JSON`));
    const line = Number(/LinkStore\.all \(.*\/v2\/src\/store\.ts:(\d+):\d+\)/.exec(read())?.[1]);
    const source = readFileSync(join(dir, 'v2/src/store.ts'), 'utf8').split('\n');
    expect(source[line - 1]).toContain('JSON.parse(this.#file)');
  });

  it('differs from version 1 by one JSON call among harmless changes', async () => {
    const diff = await promisify(execFile)('diff', ['-ru0', join(here, 'v1'), join(here, 'v2')]).catch(
      (error) => error,
    );
    const hunks = (diff.stdout as string).split(/^@@ /m).slice(1);
    expect(hunks.length).toBeGreaterThan(5);
    expect(hunks.filter((hunk) => hunk.includes('JSON.parse'))).toHaveLength(1);
  });
});
