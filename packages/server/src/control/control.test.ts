import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayEvent } from '@nightshift/gateway/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Control, openControl } from './control.ts';
import { ControlDatabase, migrate } from './database.ts';
import type { IncidentRecord } from './incidents.ts';
import { lockDataDir } from './lock.ts';
import { migrations } from './migrations.ts';
import type { ReleaseRecord } from './releases.ts';

let dir: string;
let control: Control;
let clock = 1_790_000_000_000;
const now = () => clock;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-control-'));
  control = openControl(dir, { now });
});
afterEach(() => {
  control.close();
  rmSync(dir, { recursive: true, force: true });
});

function reopen(): void {
  control.close();
  control = openControl(dir, { now });
}

/** Every byte of the database and its log. */
const stored = (): string =>
  ['control.db', 'control.db-wal']
    .map((name) => join(dir, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join('');

describe('users and sessions', () => {
  it('the first start makes an admin with a one-time password, the second does not', async () => {
    const password = control.firstPassword ?? '';
    expect(await control.users.verify('admin', password)).toMatchObject({ name: 'admin', mustChange: true });
    reopen();
    expect(control.firstPassword).toBeNull();
    expect(await control.users.verify('admin', `${password}x`)).toBeNull();
    expect(await control.users.verify('nobody', password)).toBeNull();
    expect(stored()).not.toContain(password);
  });

  it('a new password ends the old one and every session; a reset makes it one-time again', async () => {
    const session = control.sessions.open('admin');
    await control.users.setPassword('admin', 'correct horse battery');
    expect(control.sessions.user(session)).toBeNull();
    expect(await control.users.verify('admin', 'correct horse battery')).toMatchObject({ mustChange: false });
    const reset = control.users.resetPassword('admin');
    expect(await control.users.verify('admin', reset)).toMatchObject({ mustChange: true });
    await expect(control.users.setPassword('nobody', 'x')).rejects.toThrow('There is no user "nobody"');
  });

  it('a session lives seven days after its last use and is stored as a hash', () => {
    const day = 24 * 3600 * 1000;
    const session = control.sessions.open('admin');
    clock += 6 * day;
    expect(control.sessions.user(session)).toBe('admin');
    clock += 6 * day;
    expect(control.sessions.user(session)).toBe('admin');
    reopen();
    expect(control.sessions.user(session)).toBe('admin');
    clock += 7 * day;
    expect(control.sessions.user(session)).toBeNull();
    expect(stored()).not.toContain(session);
  });
});

describe('tokens', () => {
  it('several are valid at once, survive a restart, and are stored as hashes', () => {
    const one = control.tokens.create('agent', ['ingest']);
    const two = control.tokens.create('grafana', ['read']);
    expect(one.token).toMatch(/^ns_[\w-]{43}$/);
    reopen();
    expect(control.tokens.verify(one.token)).toMatchObject({ id: one.id, rights: ['ingest'] });
    expect(control.tokens.verify(two.token)).toMatchObject({ id: two.id, rights: ['read'] });
    expect(control.tokens.verify(`${one.token}x`)).toBeNull();
    expect(control.tokens.list().map(({ name, lastUsedAt }) => [name, lastUsedAt])).toEqual([
      ['agent', clock],
      ['grafana', clock],
    ]);
    expect(stored()).not.toContain(one.token.slice(3));
  });

  it('a rotation gives a successor of the same rights; a second one does not prolong the old', () => {
    const old = control.tokens.create('agent', ['ingest']);
    const next = control.tokens.rotate(old.id, 10);
    expect(next).toMatchObject({ name: 'agent', rights: ['ingest'], expiresAt: null });
    control.tokens.rotate(old.id, 1000);
    clock += 10_000;
    expect(control.tokens.verify(old.token)).toBeNull();
    expect(control.tokens.verify(next.token)).toMatchObject({ id: next.id });
    expect(() => control.tokens.rotate(old.id, 1)).toThrow(`no token ${old.id}`);
    expect(() => control.tokens.delete('T-none')).toThrow('no token T-none');
  });

  it('one that was just verified is worth nothing from its deletion, or its end, on', () => {
    const gone = control.tokens.create('agent', ['ingest']);
    const rotated = control.tokens.create('grafana', ['read']);
    for (const { token } of [gone, rotated])
      for (let i = 0; i < 2; i++) expect(control.tokens.verify(token)).not.toBeNull();
    control.tokens.delete(gone.id);
    expect(control.tokens.verify(gone.token)).toBeNull();
    control.tokens.rotate(rotated.id, 10);
    expect(control.tokens.verify(rotated.token)).not.toBeNull();
    clock += 10_000;
    expect(control.tokens.verify(rotated.token)).toBeNull();
  });
});

const release = (id: string, service: string): ReleaseRecord => ({
  id,
  service,
  environment: 'production',
  version: '2',
  revision: '',
  driver: 'process',
  dir: '/srv',
  command: ['node', 'x.js'],
  state: 'starting',
  stateReason: '',
  createdAt: clock,
  createdBy: 'admin',
  liveAt: null,
  endedAt: null,
  url: null,
  gateway: null,
  verdict: null,
  healthPath: '/',
  failover: true,
});

describe('releases and incidents', () => {
  it('releases are kept as they are, and listed newest first', () => {
    control.releases.insert(release('a', 'shop'));
    control.releases.insert(release('b', 'pay'));
    reopen();
    control.releases.insert(release('c', 'shop'));
    control.releases.update({ ...release('a', 'shop'), state: 'bad' });
    expect(control.releases.byService('shop').map(({ id, state }) => [id, state])).toEqual([
      ['c', 'starting'],
      ['a', 'bad'],
    ]);
    expect(control.releases.list().map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(control.releases.get('b')).toEqual(release('b', 'pay'));
    expect(control.releases.get('z')).toBeUndefined();
  });

  it('incidents are numbered, and a release has at most one', () => {
    const incident = (of: string) =>
      ({
        title: 'Shop fails',
        service: 'shop',
        state: 'opened',
        openedAt: clock,
        release: release(of, 'shop'),
      }) as unknown as Omit<IncidentRecord, 'id'>;
    expect(control.incidents.create(incident('a')).id).toBe('INC-1');
    expect(() => control.incidents.create(incident('a'))).toThrow(/UNIQUE/);
    reopen();
    expect(control.incidents.create(incident('b')).id).toBe('INC-2');
    expect(control.incidents.openFor('b')).toMatchObject({ id: 'INC-2', title: 'Shop fails' });
    control.incidents.update({ ...(control.incidents.get('INC-1') as IncidentRecord), state: 'resolved' });
    expect(control.incidents.list().map(({ id, state }) => [id, state])).toEqual([
      ['INC-2', 'opened'],
      ['INC-1', 'resolved'],
    ]);
  });
});

describe('gateway events and settings', () => {
  const event = (seq: number, of: string): GatewayEvent => ({
    seq,
    at: clock,
    service: 'shop',
    release: of,
    kind: 'release.failed',
    reason: 'x',
  });

  it('an event that is delivered twice is stored once', () => {
    expect(control.gatewayEvents.lastSeq()).toBe(0);
    expect(control.gatewayEvents.append([event(1, 'R-1'), event(2, 'R-2')])).toBe(2);
    expect(control.gatewayEvents.append([event(2, 'R-2'), event(3, 'R-1')])).toBe(1);
    reopen();
    expect(control.gatewayEvents.forRelease('R-1').map(({ seq }) => seq)).toEqual([1, 3]);
    expect(control.gatewayEvents.lastSeq()).toBe(3);
    control.gatewayEvents.markDelivered(2);
    expect(control.gatewayEvents.undelivered(10).map(({ seq }) => seq)).toEqual([3]);
  });

  it('a setting is what was set last', () => {
    control.settings.set('a', { b: [1] });
    control.settings.set('a', null);
    expect([control.settings.get('a'), control.settings.get('b')]).toEqual([null, undefined]);
    control.settings.delete('a');
    expect(control.settings.get('a')).toBeUndefined();
  });
});

describe('migrations', () => {
  const open = (list: Parameters<typeof migrate>[1]) => {
    const database = new ControlDatabase(join(dir, 'control.db'));
    try {
      migrate(database, list);
    } finally {
      database.close();
    }
  };

  it('refuse a file of a newer version, and one whose migration was edited', () => {
    const more = [...migrations, { name: 'more', sql: 'CREATE TABLE more (a INTEGER) STRICT' }];
    open(more);
    open(more);
    expect(() => open(migrations)).toThrow(
      `has migration ${migrations.length + 1}; this Nightshift knows ${migrations.length}`,
    );
    expect(() => open([{ name: 'edited', sql: 'SELECT 1' }, ...more.slice(1)])).toThrow(
      'Migration 1 (edited) was changed',
    );
  });

  it('leave nothing of one that fails', () => {
    expect(() =>
      open([...migrations, { name: 'broken', sql: 'CREATE TABLE half (a INTEGER); CREATE nonsense' }]),
    ).toThrow();
    open([...migrations, { name: 'whole', sql: 'CREATE TABLE half (a INTEGER)' }]);
  });
});

describe('the lock of the data directory', () => {
  const holder = `
    const Database = require('libsql');
    const lock = new Database(process.argv[1] + '/lock.db');
    lock.exec('BEGIN EXCLUSIVE');
    require('node:fs').writeFileSync(process.argv[1] + '/lock.pid', String(process.pid));
    console.log('held');
    setInterval(() => lock.open, 1000);`;

  it('is refused while another process has it, naming that process, and is free once it was killed', async () => {
    const data = join(dir, 'data');
    lockDataDir(data).release();
    const child = spawn(process.execPath, ['-e', holder, data], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(() => lockDataDir(data)).toThrow(`${data} is in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = lockDataDir(data);
    expect(readFileSync(join(data, 'lock.pid'), 'utf8')).toBe(`${process.pid}\n`);
    expect(() => lockDataDir(data)).toThrow(`in use by process ${process.pid}`);
    lock.release();
    lock.release();
    lockDataDir(data).release();
  });

  it('says why a directory cannot be written', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => lockDataDir(join(dir, 'file', 'data'))).toThrow(/cannot be written: ENOTDIR/);
    expect(() => lockDataDir('/proc/nightshift')).toThrow(/\/proc\/nightshift cannot be written/);
  });
});
