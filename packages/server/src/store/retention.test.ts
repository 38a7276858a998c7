import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { collect } from '../collect/collect.ts';
import { metricMatchers } from '../config/metric-match.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type Journal, openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore } from './open.ts';
import { DAY_MS, type MetricRetention } from './retention-policy.ts';

const NOW = Date.UTC(2026, 5, 20, 12);
let now = NOW;
let launcher: EngineLauncher;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;
let lines: { message: string; fields: Record<string, unknown> }[] = [];
const keep = (fields: object, message: string) => void lines.push({ message, fields: { ...fields } });
const log = { info: keep, warn: keep, error: keep };
const quiet = { info() {}, warn() {}, error() {} };

const policy = (defaultDays: number, rules: readonly (readonly [match: string, days: number])[]): MetricRetention => ({
  rules: rules.map(([match, days]) => ({ match, matchers: metricMatchers(match), keepMs: days * DAY_MS })),
  defaultMs: defaultDays * DAY_MS,
});

beforeAll(async () => {
  launcher = await engineLauncher();
});
afterAll(() => rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true }));
beforeEach(async () => {
  now = NOW;
  lines = [];
  dir = mkdtempSync(join(tmpdir(), 'nightshift-retention-'));
  engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 400_000_000, log: quiet });
  await migrate(engine, migrations);
});
afterEach(async () => {
  await store.close();
  await journal.close();
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(retention: MetricRetention): Promise<void> {
  journal = await openJournal({ dir: join(dir, 'spool') });
  store = await openStore({
    ...{ engine, journal, retention, rejectedDir: join(dir, 'rejected'), flushEveryMs: 10, log },
    now: () => now,
  });
}

async function reopen(retention: MetricRetention): Promise<void> {
  await store.close();
  await journal.close();
  await open(retention);
}

/** Everything is in the engine, and nothing old in the head, as when it was written long ago. */
async function settle(rules: MetricRetention): Promise<void> {
  await store.flush();
  await reopen(rules);
}

/** One sample at every given day before now, with its age as the value. */
async function write(labels: Record<string, string>, ages: readonly number[]): Promise<void> {
  const sorted = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const samples = [...ages].sort((a, b) => b - a).map((age) => ({ timestamp: NOW - age * DAY_MS, value: age }));
  const body = encodeSnappy(encodeWriteRequest([{ labels: sorted, samples }]));
  await collect(
    { sink: store, now: () => now, maxDecompressedBytes: 1e8 },
    { kind: 'remote-write', format: 'snappy-protobuf', receivedAt: now, body },
  );
}

/** Ages in days of what can be queried. */
async function ages(matcher: string): Promise<number[]> {
  const request = { matchers: metricMatchers(matcher), start: 0, end: NOW + 30 * DAY_MS };
  const found = await store.metrics.select({ ...request, step: 0, func: '', range: 0, grouping: [], by: false });
  return found.flatMap(({ values }) => [...values]).sort((a, b) => a - b);
}

const mutations = async () =>
  Number(
    (
      await engine.query<{ n: string }>(
        "SELECT count() AS n FROM system.mutations WHERE table IN ('samples', 'exemplars')",
      )
    )[0]?.n,
  );

const allAges = [0, 1, 2, 3, 4, 9, 10, 11, 12, 40];

describe('retention', { timeout: 90_000 }, () => {
  it('keeps each metric as long as its rule says, shorter and longer than the default, to the day', async () => {
    const rules = policy(10, [
      ['debug_.*', 2],
      ['{keep="long"}', 0],
    ]);
    await open(rules);
    await write({ __name__: 'debug_x' }, allAges);
    await write({ __name__: 'debug_y', keep: 'long' }, allAges);
    await write({ __name__: 'plain' }, allAges);
    await write({ __name__: 'slo_x', keep: 'long' }, allAges);
    await settle(rules);
    const swept = await store.retention.sweep();
    // The sample of two days ago is as old as its rule keeps it, but its day is not over for so long.
    expect(await ages('debug_x')).toEqual([0, 1, 2]);
    // The first rule that matches counts, not the longest.
    expect(await ages('debug_y')).toEqual([0, 1, 2]);
    expect(await ages('plain')).toEqual([0, 1, 2, 3, 4, 9, 10]);
    expect(await ages('slo_x')).toEqual(allAges);
    expect(swept).toMatchObject({ droppedDays: [], samples: 7 + 7 + 3 });
    expect(swept.clearedDays).toHaveLength(7);
    expect(store.retention.status()).toMatchObject({
      rules: [{ match: 'debug_.*', keepMs: 2 * DAY_MS }, { match: '{keep="long"}', keepMs: 0 }, { match: '' }],
      nextAt: Date.UTC(2026, 5, 21),
      last: { samples: 17, at: NOW },
      error: '',
    });
  });

  it('drops whole days without a mutation when nothing of them is kept', async () => {
    const rules = policy(10, [['debug_.*', 2]]);
    await open(rules);
    await write({ __name__: 'debug_x' }, [0, 11, 12]);
    await write({ __name__: 'plain' }, allAges);
    await settle(rules);
    expect(await store.retention.sweep()).toMatchObject({
      droppedDays: ['2026-05-11', '2026-06-08', '2026-06-09'],
      clearedDays: [],
      samples: 5,
    });
    expect(await mutations()).toBe(0);
    expect(await ages('plain')).toEqual([0, 1, 2, 3, 4, 9, 10]);
    expect(await ages('debug_x')).toEqual([0]);
  });

  it('changes a day once, not again at every look, and again only for what came late into it', async () => {
    const rules = policy(0, [['debug_.*', 2]]);
    await open(rules);
    await write({ __name__: 'debug_x' }, allAges);
    await write({ __name__: 'plain' }, allAges);
    await store.flush();
    await store.retention.sweep();
    const once = await mutations();
    expect(once).toBeGreaterThan(0);
    expect((await store.retention.sweep()).samples).toBe(0);
    await reopen(rules);
    expect((await store.retention.sweep()).samples).toBe(0);
    expect(await mutations()).toBe(once);
    await write({ __name__: 'debug_x' }, [9.1, 3.2]);
    await write({ __name__: 'debug_new' }, [9]);
    await settle(rules);
    expect((await store.retention.sweep()).samples).toBe(0);
    expect(await ages('debug_.*')).toEqual([0, 1, 2, 3.2, 9, 9.1]);
    now += 21 * 3_600_000;
    // The day before the day before yesterday is due by now as well.
    expect((await store.retention.sweep()).samples).toBe(3 + 1);
    expect(await ages('debug_.*')).toEqual([0, 1]);
    expect(await ages('plain')).toEqual(allAges);
  });

  it('says what it will delete before it does, and lets new rules stop what the old ones began', async () => {
    await open(policy(0, []));
    await write({ __name__: 'debug_x' }, allAges);
    await write({ __name__: 'plain' }, allAges);
    await store.flush();
    expect(lines).toEqual([]);
    await store.retention.change(policy(20, [['debug_.*', 2]]));
    expect(lines).toEqual([
      {
        message: 'retention will delete samples',
        fields: {
          droppedDays: ['2026-05-11'],
          samples: 2,
          clearedDays: ['2026-06-08', '2026-06-09', '2026-06-10', '2026-06-11', '2026-06-16', '2026-06-17'],
          of: ['debug_.*'],
          inSeconds: 60,
        },
      },
    ]);
    expect(await ages('debug_x')).toEqual(allAges);
    const sweep = store.retention.sweep();
    await store.retention.change(policy(0, []));
    const { samples } = await sweep;
    expect(samples).toBe(2 * allAges.length - (await ages('.+')).length);
    const left = await ages('.+');
    await store.retention.sweep();
    expect(await ages('.+')).toEqual(left);
    expect(store.retention.status().nextAt).toBeNull();
  });

  it('goes on after the engine was killed in the middle of it, at any moment, and takes nothing else', async () => {
    const rules = policy(10, [
      ['debug_.*', 2],
      ['slo_.*', 0],
    ]);
    await open(rules);
    for (let i = 0; i < 20; i++) {
      for (const kind of ['debug', 'plain', 'slo']) await write({ __name__: `${kind}_${i}`, n: String(i) }, allAges);
    }
    await settle(rules);
    for (let round = 0; round < 6; round++) {
      const sweep = store.retention.sweep().catch(() => null);
      await sleep(20 + 40 * round);
      process.kill(engine.pid as number, 'SIGKILL');
      await sweep;
      for (let i = 0; i < 200 && (engine.state as string) !== 'up'; i++) await sleep(50);
      await sleep(100);
      for (let i = 0; i < 200 && (engine.state as string) !== 'up'; i++) await sleep(50);
      expect((await ages('slo_.*')).length).toBe(20 * allAges.length);
      expect((await ages('plain_.*')).filter((age) => age <= 10)).toHaveLength(20 * 7);
      expect((await ages('debug_.*')).filter((age) => age <= 2)).toHaveLength(20 * 3);
    }
    await store.retention.sweep();
    expect(await ages('debug_.*')).toHaveLength(20 * 3);
    expect(await ages('plain_.*')).toHaveLength(20 * 7);
    expect(await ages('slo_.*')).toHaveLength(20 * allAges.length);
  });
});

describe('a series that has no sample left', { timeout: 60_000 }, () => {
  const stored = async () =>
    (await engine.query<{ name: string }>('SELECT name FROM nightshift.series ORDER BY name')).map(({ name }) => name);

  /** Written long ago, by the clock of the server. */
  async function aged(): Promise<void> {
    now = NOW - 27 * DAY_MS;
    await open(policy(10, []));
    await write({ __name__: 'old' }, [29, 28]);
    await write({ __name__: 'both' }, [29]);
    await store.flush();
    now = NOW;
    await write({ __name__: 'both' }, [1]);
    await write({ __name__: 'young' }, [12]);
    await store.flush();
  }

  it('is forgotten at the next start, in memory and in the engine', async () => {
    await aged();
    expect(await store.retention.sweep()).toMatchObject({ samples: 4, seriesGone: 1 });
    expect(store.stats().series).toBe(3);
    await reopen(policy(10, []));
    // `young` has no sample either, but its row is too new to be sure that none is on its way.
    expect(store.stats().series).toBe(2);
    expect(await stored()).toEqual(['both', 'young']);
    expect(await ages('both')).toEqual([1]);
  });

  it('is looked for only after something was deleted', async () => {
    await aged();
    await reopen(policy(0, []));
    expect(await store.retention.sweep()).toMatchObject({ samples: 0, seriesGone: 0 });
    const marks = async () => (await engine.query('SELECT id FROM nightshift.series_gone')).length;
    expect(await marks()).toBe(0);
    const selectors = [metricMatchers('old')];
    await store.deleteSeries({ selectors, start: 0, end: NOW });
    now += 2 * DAY_MS;
    expect(await store.retention.sweep()).toMatchObject({ samples: 0, seriesGone: 1 });
    expect(await marks()).toBe(1);
  });

  it('stays when a sample came after it was found to be gone', async () => {
    await aged();
    await store.retention.sweep();
    await write({ __name__: 'old' }, [0.5]);
    await store.flush();
    await reopen(policy(10, []));
    expect(store.stats().series).toBe(3);
    expect(await ages('old')).toEqual([0.5]);
    expect(await stored()).toEqual(['both', 'old', 'young']);
  });

  it('comes back when it is written again', async () => {
    await aged();
    await store.retention.sweep();
    await reopen(policy(10, []));
    await write({ __name__: 'old' }, [0.25]);
    await store.flush();
    await reopen(policy(10, []));
    expect(await ages('old')).toEqual([0.25]);
    expect(await stored()).toEqual(['both', 'old', 'young']);
  });

  it('is not taken from the engine while something waits that could name it, and its samples are found then', async () => {
    await aged();
    await store.retention.sweep();
    await store.close();
    // As after a crash: acknowledged, and not yet in the engine.
    const sorted = new Map([['__name__', 'old']]);
    const body = encodeSnappy(encodeWriteRequest([{ labels: sorted, samples: [{ timestamp: NOW, value: 0 }] }]));
    await journal.append({ kind: 'remote-write', format: 'snappy-protobuf', receivedAt: now, body });
    await journal.close();
    await open(policy(10, []));
    expect(await ages('old')).toEqual([0]);
    await store.flush();
    await reopen(policy(10, []));
    expect(await ages('old')).toEqual([0]);
    expect(await stored()).toContain('old');
  });

  it('clears the other days when the engine fails at one, and that one when it can', async () => {
    await open(policy(0, []));
    await write({ __name__: 'debug_x' }, [0, 3, 4]);
    const rules = policy(0, [['debug_.*', 2]]);
    await settle(rules);
    const failing = new Date(NOW - 4 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
    await engine.command(
      `ALTER TABLE nightshift.samples DELETE IN PARTITION ID '${failing}' WHERE throwIf(id >= 0) SETTINGS mutations_sync = 0`,
    );
    await store.retention.sweep();
    expect(await ages('debug_x')).toEqual([0, 4]);
    expect(store.stats().failingDeletions).toBe(1);
    // The engine has it already.
    await store.retention.sweep();
    expect(await mutations()).toBe(3);
    await engine.command("KILL MUTATION WHERE database = 'nightshift' AND position(command, 'throwIf') > 0 SYNC");
    await expect.poll(() => ages('debug_x'), { timeout: 30_000 }).toEqual([0]);
  });
});
