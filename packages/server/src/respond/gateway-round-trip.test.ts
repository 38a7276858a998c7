import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectGateway } from '@nightshift/gateway';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JournalRecord } from '../spool/journal.ts';
import { createProcessDriver } from './drivers/process.ts';
import { EventPump } from './event-pump.ts';
import { ensureGateway } from './gateway-process.ts';
import { IncidentService } from './incident-service.ts';
import { createReleaseService } from './release-service.ts';
import { EventRecords } from './telemetry/event-records.ts';
import { openRepositories, type Repositories } from './testing/sqlite-repositories.ts';

const APP = `require('node:http').createServer((q, s) => {
  if (q.url === '/health') return s.end('ok');
  try { s.end(String(READ)); } catch (e) { console.error(e.stack); s.statusCode = 500; s.end('failed'); }
}).listen(process.env.PORT, process.env.HOST);
`;

let root = '';
let repositories: Repositories;
let launcher: { command: string; args: string[] };
const gatewayDir = () => join(root, 'gateway');

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'nightshift-gw-'));
  repositories = openRepositories(join(root, 'control.db'));
  const entry = join(root, 'gateway.mjs');
  const contents = `import { runGateway } from '@nightshift/gateway'; await runGateway(process.argv[2] ?? '');`;
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  launcher = { command: process.execPath, args: [entry, gatewayDir()] };
});
afterAll(async () => {
  await connectGateway(gatewayDir())
    .stop()
    .catch(() => undefined);
  await vi.waitFor(() => expect(connectGateway(gatewayDir()).status()).rejects.toThrow(), { timeout: 20_000 });
  repositories.close();
  rmSync(root, { recursive: true, force: true });
});

function app(version: string, read: string) {
  const dir = mkdtempSync(join(root, `${version}-`));
  writeFileSync(join(dir, 'main.cjs'), APP.replace('READ', read));
  return { service: 'shop', version, dir, command: [process.execPath, 'main.cjs'], healthPath: '/health' };
}

function respond(admitted: JournalRecord[], isDiskFull: () => boolean = () => false) {
  const driver = createProcessDriver({
    ensure: () => ensureGateway({ dir: gatewayDir(), launcher }),
    connection: () => connectGateway(gatewayDir()),
  });
  const releases = createReleaseService({ releases: repositories.releases, driver, now: Date.now });
  const nothingSent = { searchLogs: async () => [], trace: async () => [] };
  const incidents = new IncidentService({
    ...repositories,
    store: nothingSent,
    now: Date.now,
    budgetSeconds: 900,
    freezeAfterMs: 1_000,
    gatherMs: 20,
    onError: (e) => {
      throw e;
    },
  });
  const told: number[] = [];
  const pump = new EventPump({
    connection: () => connectGateway(gatewayDir()),
    events: repositories.events,
    records: new EventRecords(repositories),
    sink: {
      admit: async (record) => {
        if (isDiskFull()) throw new Error('disk full');
        admitted.push(record);
      },
    },
    consumers: [releases.applyEvent, (event) => incidents.onEvent(event), ({ seq }) => told.push(seq)],
    onError: () => undefined,
    waitMs: 1_000,
    maxPauseMs: 100,
  });
  return { releases, incidents, pump, told };
}

describe('releases on a real gateway', () => {
  it('starts one gateway, takes a bad release back while the disk is full, and delivers what is owed after a restart', async () => {
    const full = respond([], () => true);
    const [one, two] = await Promise.all([
      ensureGateway({ dir: gatewayDir(), launcher }),
      ensureGateway({ dir: gatewayDir(), launcher }),
    ]);
    expect((await one.status()).pid).toBe((await two.status()).pid);
    full.pump.start();
    const v1 = await full.releases.start(app('v1', '1'), 'mira');
    const state = async (id: string) => (await full.releases.get(id)).state;
    await expect.poll(() => state(v1.id), { timeout: 15_000 }).toBe('live');
    await expect(full.releases.start(app('v1', '1'), 'mira')).rejects.toMatchObject({ code: 'CONFLICT' });
    const url = (await full.releases.get(v1.id)).url!;
    for (let i = 0; i < 200; i++) expect((await fetch(`${url}/a`)).status).toBe(200);
    const v2 = await full.releases.start(app('v2', "JSON.parse('links.json')"), 'mira');
    await expect.poll(() => state(v2.id), { timeout: 15_000 }).toBe('live');
    for (let i = 0; i < 60; i++) expect((await fetch(`${url}/a`)).status).toBe(200);
    await expect.poll(() => state(v2.id), { timeout: 15_000 }).toBe('rolled-back');
    await full.incidents.settled();
    expect(full.incidents.get('INC-1')).toMatchObject({ badVersion: 'v2', goodVersion: 'v1', state: 'mitigated' });
    await full.pump.stop();
    await full.incidents.stop();
    expect(repositories.events.undelivered(1)).toHaveLength(1);

    const admitted: JournalRecord[] = [];
    const after = respond(admitted);
    after.incidents.resume();
    after.pump.start();
    await expect.poll(() => repositories.events.undelivered(1).length, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => after.incidents.get('INC-1').frozenAt, { timeout: 15_000 }).not.toBeNull();
    expect(new Set(admitted.map(({ kind }) => kind))).toEqual(new Set(['remote-write', 'json-logs', 'otlp-traces']));
    expect(after.told).toEqual([...new Set(after.told)].sort((a, b) => a - b));
    const { evidence, impact } = after.incidents.get('INC-1');
    expect(impact.visible).toBe(0);
    expect(evidence.error?.type).toBe('SyntaxError');
    expect(evidence.hunks[0]?.file).toBe('main.cjs');
    await after.pump.stop();
    await after.incidents.stop();
  }, 90_000);

  it('says why a gateway cannot be started', async () => {
    const dir = join(root, 'none');
    await expect(
      ensureGateway({ dir, launcher: { command: process.execPath, args: ['-e', 'process.exit(3)'] } }),
    ).rejects.toMatchObject({ code: 'GATEWAY_DOWN', message: expect.stringContaining('code 3') });
    await expect(ensureGateway({ dir, launcher: { command: '/no/such/program', args: [] } })).rejects.toThrow(
      '/no/such/program',
    );
  });
});

describe('a request for a release', () => {
  it.each([
    ['service', { service: 'Shop!' }, '`service` "Shop!"'],
    ['dir', { dir: '/no/such/place' }, '`dir` "/no/such/place" is not a directory'],
    ['command', { command: [] }, '`command` [] must name a program'],
    ['port', { port: 70_000 }, '`port` 70000'],
  ])('with a bad %s is refused by name and value', async (_, change, message) => {
    const { releases } = respond([]);
    await expect(releases.start({ ...app('v9', '1'), ...change }, 'mira')).rejects.toThrow(message);
  });
});
