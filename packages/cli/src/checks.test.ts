import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { checkDataDir, checkEngine, checkNode, checkPort } from './checks.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-checks-'));
let open: Server[] = [];

afterEach(async () => {
  await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
  open = [];
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function answering(status: number, body: string): Promise<number> {
  const server = createServer((_, response) => void response.writeHead(status, { connection: 'close' }).end(body));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('the checks of doctor', () => {
  it.each([
    ['20.19.0', true],
    ['22.1.0', true],
    ['20.18.9', false],
    ['18.20.0', false],
  ])('Node %s: %s', (version, ok) => expect(checkNode(version).ok).toBe(ok));

  it('find a data directory that can be written, or made, and leave nothing behind', () => {
    expect(checkDataDir(dir)).toMatchObject({ ok: true, finding: `${dir} can be written` });
    expect(checkDataDir(join(dir, 'a/b'))).toMatchObject({ ok: true, finding: `${join(dir, 'a/b')} can be made` });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('refuse a data directory that is a file', () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    expect(checkDataDir(file)).toMatchObject({ ok: false, finding: expect.stringContaining('it is a file') });
    rmSync(file);
  });

  it.skipIf(process.getuid?.() === 0)('refuse a data directory without the right to write', () => {
    const closed = join(dir, 'closed');
    mkdirSync(closed, { mode: 0o500 });
    expect(checkDataDir(closed)).toMatchObject({ ok: false, finding: expect.stringContaining('EACCES') });
  });

  it('tell a free port, one of Nightshift, and one of another program apart', async () => {
    const ours = await answering(200, 'ok');
    const other = await answering(200, 'ok');
    const url = `http://127.0.0.1:${ours}`;
    expect(await checkPort('http.otlpGrpcPort', '127.0.0.1', ours, url)).toMatchObject({ ok: true });
    const taken = await checkPort('http.port', '127.0.0.1', other, url);
    expect(taken).toMatchObject({ ok: false, finding: expect.stringContaining('set http.port') });
    const closing = open.pop();
    await new Promise((resolve) => closing?.close(resolve));
    expect(await checkPort('http.port', '127.0.0.1', other)).toMatchObject({ ok: true });
    expect(await checkPort('http.port', '127.0.0.1', 0)).toMatchObject({ ok: true });
    expect(await checkPort('http.port', '203.0.113.1', 4300)).toMatchObject({ ok: false });
  });

  it('ask an external ClickHouse, and never show its password', async () => {
    const port = await answering(200, 'Ok.\n');
    const up = await checkEngine(`http://user:secret@127.0.0.1:${port}`, '');
    expect(up.finding).not.toContain('secret');
    const closing = open.pop();
    await new Promise((resolve) => closing?.close(resolve));
    const down = await checkEngine(`http://user:secret@127.0.0.1:${port}`, '');
    expect(down.ok).toBe(false);
    expect(down.finding).not.toContain('secret');
  });

  it('say why the embedded engine does not start', async () => {
    const entry = join(dir, 'broken.mjs');
    writeFileSync(entry, "console.error('there is no ClickHouse library for this'); process.exit(70);");
    const check = await checkEngine('', entry);
    expect(check).toMatchObject({ ok: false, finding: expect.stringContaining('there is no ClickHouse library') });
    writeFileSync(entry, "process.kill(process.pid, 'SIGILL'); setInterval(() => {}, 1000);");
    expect(await checkEngine('', entry)).toMatchObject({ ok: false, finding: expect.stringContaining('SIGILL') });
  });
});
