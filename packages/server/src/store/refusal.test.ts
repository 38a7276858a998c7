import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { decodeRecord } from '../collect/decode.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type Journal, openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore, type StoreOptions } from './open.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const log = { info() {}, warn() {}, error() {} };
let launcher: EngineLauncher;
let dir: string;
let engine: Engine;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-refused-'));
  engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
  // What a table of another version, or of somebody else's making, may say of rows.
  await engine.command("ALTER TABLE nightshift.logs ADD CONSTRAINT harmless CHECK body NOT LIKE 'poison%'");
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
}, 60_000);

async function open(name: string, wrap = (journal: Journal): Journal => journal, options: Partial<StoreOptions> = {}) {
  await engine.command('TRUNCATE TABLE nightshift.logs');
  const journal = await openJournal({ dir: join(dir, name, 'spool') });
  return { journal, ...(await storeOn(wrap(journal), name, options)) };
}

async function storeOn(journal: Journal, name: string, options: Partial<StoreOptions> = {}) {
  const rejectedDir = join(dir, name, 'rejected');
  // Everything is in one batch: nothing is sent before it is asked for.
  const store = await openStore({
    ...{ ...options, engine, journal, rejectedDir, flushEveryMs: 60_000, log },
    now: () => NOW,
  });
  return { store, rejectedDir };
}

async function write(store: NightshiftStore, ...bodies: string[]): Promise<void> {
  for (const text of bodies) {
    const body = Buffer.from(JSON.stringify({ msg: text, service: 'shop' }));
    const record = { kind: 'json-logs', format: 'ndjson', receivedAt: NOW, body } as const;
    await store.admit(record, decodeRecord(record));
  }
}

const stored = async () =>
  (await engine.query<{ body: string }>('SELECT body FROM nightshift.logs ORDER BY sequence')).map(({ body }) => body);

describe('a record whose rows the engine refuses for good', () => {
  it('is set aside, and those before and behind it are stored once, in their order', async () => {
    const { store, journal, rejectedDir } = await open('once');
    await write(store, 'first', 'poison', 'third', 'fourth');
    await store.flush();
    expect(await stored()).toEqual(['first', 'third', 'fourth']);
    const [file = '', note = '', ...others] = readdirSync(rejectedDir);
    expect(others).toEqual([]);
    expect(file).toMatch(/-1$/);
    const { kind, bodyAt, reason } = JSON.parse(readFileSync(join(rejectedDir, note), 'utf8'));
    expect([note, kind]).toEqual([`${file}.json`, 'json-logs']);
    expect(reason).toContain('harmless');
    expect(readFileSync(join(rejectedDir, file)).subarray(bodyAt).toString()).toContain('poison');
    expect(store.stats().rejectedRecords).toBe(1);
    await write(store, 'later');
    await store.flush();
    expect(await stored()).toEqual(['first', 'third', 'fourth', 'later']);
    await store.close();
    await journal.close();
  });

  it('is one of the last that were set aside when there are more than may be kept', async () => {
    const { store, journal, rejectedDir } = await open('many', undefined, { maxRejectedBytes: 100 });
    await write(store, 'poison 1', 'first', 'poison 2', 'poison 3', 'last');
    await store.flush();
    expect(await stored()).toEqual(['first', 'last']);
    expect(readdirSync(rejectedDir).map((name) => name.replace(/^.*-(?=\d)/, ''))).toEqual([
      '2',
      '2.json',
      '3',
      '3.json',
    ]);
    expect(store.stats()).toMatchObject({ rejectedRecords: 3, droppedRejectedRecords: 1 });
    await store.close();
    await journal.close();
  });

  it('is waited for where nobody knows whether the refusal passes, and set aside when it does not', async () => {
    const { store, journal, rejectedDir } = await open('unknown', undefined, { refusalPatienceMs: 1500 });
    await engine.command("ALTER TABLE nightshift.logs ADD CONSTRAINT odd CHECK throwIf(body = 'odd') = 0");
    try {
      await write(store, 'first', 'odd', 'third');
      const flushed = store.flush();
      await sleep(700);
      expect(existsSync(rejectedDir)).toBe(false);
      await flushed;
      expect(await stored()).toEqual(['first', 'third']);
      expect(store.stats().rejectedRecords).toBe(1);
    } finally {
      await engine.command('ALTER TABLE nightshift.logs DROP CONSTRAINT odd');
    }
    await store.close();
    await journal.close();
  });

  it('leaves the others stored once when the process ends before the batch is done, whatever the engine takes by then', async () => {
    let isDying = true;
    const dying = (journal: Journal): Journal => ({
      ...journal,
      stats: () => journal.stats(),
      get pendingBytes() {
        return journal.pendingBytes;
      },
      commit: async (batch) => {
        if (isDying) throw new Error('killed');
        await journal.commit(batch);
      },
    });
    const { store, journal } = await open('crash', dying);
    await write(store, 'first', 'poison', 'third');
    void store.flush();
    await expect.poll(stored, { timeout: 10_000 }).toEqual(['first', 'third']);
    await store.close();
    isDying = false;
    await engine.command('ALTER TABLE nightshift.logs DROP CONSTRAINT harmless');
    const again = await storeOn(journal, 'crash');
    await again.store.flush();
    expect((await stored()).sort()).toEqual(['first', 'poison', 'third']);
    expect(readdirSync(again.rejectedDir).filter((file) => file.endsWith('.apart'))).toEqual([]);
    await again.store.close();
    await journal.close();
  }, 30_000);
});
