import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Matcher } from '@nightshift/promql';
import { encodeSnappy, encodeWriteRequest, isStaleMarker, type MetricMetadata } from '@nightshift/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { decodeRecord } from '../collect/decode.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type Journal, type JournalRecord, openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore, type StoreOptions } from './open.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const log = { info() {}, warn() {}, error() {} };
let launcher: EngineLauncher;
let engineDir: string;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;

beforeAll(async () => {
  launcher = await engineLauncher();
  engineDir = mkdtempSync(join(tmpdir(), 'nightshift-store-engine-'));
  engine = await startEngine({ dir: engineDir, launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
});
afterAll(async () => {
  await engine.close();
  rmSync(engineDir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
});
beforeEach(async () => {
  for (const table of ['series', 'samples', 'metadata', 'logs', 'spans']) {
    await engine.command(`TRUNCATE TABLE nightshift.${table}`);
  }
  dir = mkdtempSync(join(tmpdir(), 'nightshift-store-'));
  await open();
});
afterEach(async () => {
  await shut();
  rmSync(dir, { recursive: true, force: true });
});

async function open(more: Partial<StoreOptions> = {}): Promise<void> {
  journal = await openJournal({ dir: join(dir, 'spool') });
  const rejectedDir = join(dir, 'rejected');
  store = await openStore({ engine, journal, rejectedDir, flushEveryMs: 20, now: () => NOW, log, ...more });
}

async function shut(): Promise<void> {
  await store.close();
  await journal.close();
}

async function reopen(more: Partial<StoreOptions> = {}): Promise<void> {
  await store.flush();
  await shut();
  await open(more);
}

const admit = (record: JournalRecord) => store.admit(record, decodeRecord(record));

type Sample = readonly [time: number, value: number];
async function write(labels: Record<string, string>, samples: readonly Sample[], metadata: MetricMetadata[] = []) {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const series = [
    {
      labels: new Map(entries),
      samples: samples.map(([timestamp, value]) => ({ timestamp, value, stale: Number.isNaN(value) })),
    },
  ];
  const body = encodeSnappy(encodeWriteRequest(series, metadata));
  await admit({ kind: 'remote-write', format: 'snappy-protobuf', receivedAt: NOW, body });
}

async function logs(...lines: Record<string, unknown>[]): Promise<void> {
  const body = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
  await admit({ kind: 'json-logs', format: 'ndjson', receivedAt: NOW, body });
  await store.flush();
}

const name = (value: string): Matcher => ({ name: '__name__', op: '=', value });

async function select(metric: string, start: number, end: number): Promise<Sample[]> {
  const found = await store.metrics.select({
    matchers: [name(metric)],
    start,
    end,
    step: 0,
    func: '',
    range: 0,
    grouping: [],
    by: false,
  });
  return found.flatMap(({ timestamps, values }) => [...timestamps].map((time, i) => [time, values[i]!] as const));
}

describe('a sample', () => {
  it('can be queried the moment it is acknowledged, before it is in the engine', async () => {
    await shut();
    await open({ flushEveryMs: 60_000 });
    await write({ __name__: 'up' }, [[NOW, 1]]);
    expect(await engine.query('SELECT count() AS n FROM nightshift.samples')).toEqual([{ n: '0' }]);
    expect(await select('up', NOW - 1000, NOW)).toEqual([[NOW, 1]]);
  });

  it('is found after a restart that comes before it reaches the engine', async () => {
    await shut();
    await open({ flushEveryMs: 60_000 });
    await write({ __name__: 'up' }, [[NOW, 1]]);
    await journal.close();
    await store.close();
    await open();
    expect(await select('up', NOW - 1000, NOW)).toEqual([[NOW, 1]]);
  });

  it('is found on either side of the head’s edge, once', async () => {
    const samples = Array.from({ length: 50 }, (_, i): Sample => [NOW - (49 - i) * 60_000, i]);
    await write({ __name__: 'up' }, samples);
    await reopen({ head: { windowMs: 600_000 } });
    expect(store.stats().samples).toBeLessThan(50);
    expect(await select('up', 0, NOW)).toEqual(samples);
    expect(await select('up', NOW - 1_200_000, NOW - 300_000)).toEqual(
      samples.filter(([t]) => t >= NOW - 1_200_000 && t <= NOW - 300_000),
    );
    expect(await select('up', NOW - 2_000_000, NOW - 1_900_000)).toHaveLength(2);
  });

  it('sent again for the same time replaces the first one, in the head and in the engine', async () => {
    await write({ __name__: 'up' }, [[NOW - 5000, 1]]);
    await store.flush();
    await write({ __name__: 'up' }, [
      [NOW - 5000, 2],
      [NOW - 4000, 3],
    ]);
    await store.flush();
    const expected = [
      [NOW - 5000, 2],
      [NOW - 4000, 3],
    ];
    expect(await select('up', 0, NOW)).toEqual(expected);
    await reopen({ head: { windowMs: 1 } });
    expect(store.stats().samples).toBe(0);
    expect(await select('up', 0, NOW)).toEqual(expected);
    await engine.command('OPTIMIZE TABLE nightshift.samples FINAL');
    expect(await select('up', 0, NOW)).toEqual(expected);
  });

  it('that comes out of order stands in its place', async () => {
    await write({ __name__: 'up' }, [[NOW, 3]]);
    await write({ __name__: 'up' }, [[NOW - 2000, 1]]);
    await write({ __name__: 'up' }, [[NOW - 1000, 2]]);
    expect((await select('up', 0, NOW)).map(([, value]) => value)).toEqual([1, 2, 3]);
  });

  it('older than the head is found as soon as it is in the engine', async () => {
    await write({ __name__: 'up' }, [[NOW, 1]]);
    await reopen({ head: { windowMs: 1000 } });
    await write({ __name__: 'up' }, [[NOW - 86_400_000, 7]]);
    await store.flush();
    expect(await select('up', 0, NOW)).toEqual([
      [NOW - 86_400_000, 7],
      [NOW, 1],
    ]);
  });

  it('of 1970 and of hundreds of days is stored like any other', async () => {
    const samples = Array.from({ length: 300 }, (_, i): Sample => [1000 + i * 86_400_000, i]);
    await write({ __name__: 'old' }, samples);
    await reopen();
    expect(await select('old', 0, NOW)).toEqual(samples);
  });

  it('that is a stale marker is still one after head, engine and restart', async () => {
    await write({ __name__: 'up' }, [[NOW - 60_000, Number.NaN]]);
    const marker = async () =>
      (
        await store.metrics.select({
          matchers: [name('up')],
          start: 0,
          end: NOW,
          step: 0,
          func: '',
          range: 0,
          grouping: [],
          by: false,
        })
      )[0]!.values;
    expect(isStaleMarker(await marker(), 0)).toBe(true);
    await reopen();
    expect(isStaleMarker(await marker(), 0)).toBe(true);
    await reopen({ head: { windowMs: 1 } });
    expect(isStaleMarker(await marker(), 0)).toBe(true);
  });
});

describe('series', () => {
  beforeEach(async () => {
    for (const [job, zone] of [
      ['api', 'a'],
      ['api', 'b'],
      ['db', 'a'],
    ] as const) {
      await write({ __name__: 'up', job, zone }, [[NOW - 1000, 1]]);
    }
    await write({ __name__: 'old', job: 'api' }, [[NOW - 86_400_000, 1]]);
  });
  const range = { start: NOW - 60_000, end: NOW };
  const all = { start: 0, end: NOW };

  it.each(['in the head', 'after a restart'])('are matched by any kind of matcher (%s)', async (when) => {
    if (when === 'after a restart') await reopen();
    const count = async (...matchers: Matcher[]) =>
      (
        await store.metrics.select({
          matchers,
          start: 0,
          end: NOW,
          step: 0,
          func: '',
          range: 0,
          grouping: [],
          by: false,
        })
      ).length;
    expect(await count({ name: 'job', op: '=', value: 'api' })).toBe(3);
    expect(await count(name('up'), { name: 'zone', op: '!=', value: 'a' })).toBe(1);
    expect(await count({ name: 'zone', op: '=~', value: 'a|b' })).toBe(3);
    expect(await count(name('up'), { name: 'job', op: '!~', value: 'd.*' })).toBe(2);
    expect(await count({ name: 'zone', op: '=', value: '' })).toBe(1);
  });

  it.each([undefined, 1])('are listed only with a sample in the range (head window %s)', async (windowMs) => {
    await reopen(windowMs ? { head: { windowMs } } : {});
    expect(await store.metrics.series([], range, 10)).toHaveLength(3);
    expect(await store.metrics.series([], all, 10)).toHaveLength(4);
    expect(await store.metrics.series([], all, 2)).toHaveLength(2);
    expect(
      await store.metrics.series([[name('old')], [name('up'), { name: 'job', op: '=', value: 'db' }]], all, 10),
    ).toHaveLength(2);
    expect(await store.metrics.labelNames([], range, 10)).toEqual(['__name__', 'job', 'zone']);
    expect(await store.metrics.labelValues('__name__', [], range, 10)).toEqual(['up']);
    expect(await store.metrics.labelValues('__name__', [], all, 10)).toEqual(['old', 'up']);
  });

  it('keep their metadata over a restart', async () => {
    const one: MetricMetadata = { name: 'up', type: 'gauge', help: 'Is it up?', unit: '' };
    await write({ __name__: 'up' }, [[NOW, 1]], [one]);
    expect(await store.metrics.metadata('up', 10)).toEqual([one]);
    await reopen();
    expect(await store.metrics.metadata(undefined, 10)).toEqual([one]);
    expect(await store.metrics.metadata('none', 10)).toEqual([]);
  });
});

describe('logs', () => {
  const at = (ms: number) => new Date(NOW + ms).toISOString();
  const query = { start: NOW - 60_000, end: NOW, limit: 100, order: 'oldest' } as const;
  const bodies = async (more: object) => (await store.searchLogs({ ...query, ...more })).map(({ body }) => body);

  beforeEach(() =>
    logs(
      { time: at(-3000), level: 'info', service: 'api', msg: 'Started on port 80', region: 'eu' },
      { time: at(-2000), level: 'error', service: 'api', msg: "TypeError: it's url.parse", trace_id: 'a'.repeat(32) },
      { time: at(-2000), level: 'warn', service: 'db', msg: 'slow query größer' },
      { time: at(-2000), level: 'info', service: 'db', msg: 'third at once', __proto__x: 'y' },
    ),
  );

  it('come in the order asked for; equal times keep the order in which they came', async () => {
    expect(await bodies({})).toEqual([
      'Started on port 80',
      "TypeError: it's url.parse",
      'slow query größer',
      'third at once',
    ]);
    expect(await bodies({ order: 'newest', limit: 3 })).toEqual([
      "TypeError: it's url.parse",
      'slow query größer',
      'third at once',
    ]);
    expect(await bodies({ start: NOW - 2000, end: NOW - 2000, limit: 1 })).toEqual(["TypeError: it's url.parse"]);
  });

  it.each([
    [{ service: 'db' }, 2],
    [{ minSeverity: 17 }, 1],
    [{ minSeverity: 13 }, 2],
    [{ words: ['started', 'PORT'] }, 1],
    [{ words: ['started', 'slow'] }, 0],
    [{ words: ['GRÖSSER'] }, 0],
    [{ words: ['größer'] }, 1],
    [{ words: ['url.parse'] }, 1],
    [{ words: ["' OR 1 = 1 --"] }, 0],
    [{ service: "api' OR '1'='1" }, 0],
    [{ traceId: 'a'.repeat(32) }, 1],
    [{ attributes: new Map([['region', 'eu']]) }, 1],
    [{ attributes: new Map([['region', '']]) }, 0],
    [{ end: NOW - 2500 }, 1],
  ])('are found by %o: %i', async (more, count) => {
    expect(await bodies(more)).toHaveLength(count);
  });

  it('come back as they were sent', async () => {
    const body = Buffer.from(
      JSON.stringify({ time: at(-1000), level: 'info', service: 's', msg: 'Zeile\n"2" \u0000', k: [1] }),
    );
    const record: JournalRecord = { kind: 'json-logs', format: 'ndjson', receivedAt: NOW, body };
    await admit(record);
    await store.flush();
    expect(await store.searchLogs({ ...query, service: 's' })).toEqual(decodeRecord(record).logs);
  });
});

describe('traces', () => {
  const hex = (digit: string, length: number) => digit.repeat(length);
  const span = (trace: string, id: string, offsetMs: number, more: object = {}) => ({
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    name: `span ${id}`,
    kind: 2,
    startTimeUnixNano: `${BigInt(NOW + offsetMs) * 1_000_000n}`,
    endTimeUnixNano: `${BigInt(NOW + offsetMs + 5) * 1_000_000n + 7n}`,
    ...more,
  });
  const record = (...spans: object[]): JournalRecord => ({
    kind: 'otlp-traces',
    format: 'json',
    receivedAt: NOW,
    body: Buffer.from(
      JSON.stringify({
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'api' } }] },
            scopeSpans: [{ scope: { name: 'lib' }, spans }],
          },
        ],
      }),
    ),
  });

  it('come back whole, by start time, with events and links', async () => {
    const attributes = [{ key: 'http.route', value: { stringValue: '/x' } }];
    const one = record(
      span('a', '2', -10, { parentSpanId: hex('1', 16), attributes, status: { code: 2, message: 'no' } }),
      span('a', '1', -20, {
        events: [{ timeUnixNano: '1700000000000000001', name: 'exception', attributes }],
        links: [{ traceId: hex('b', 32), spanId: hex('9', 16), attributes }],
      }),
    );
    await admit(one);
    await store.flush();
    expect(await store.trace(hex('a', 32))).toEqual([...decodeRecord(one).spans!].reverse());
    expect(await store.trace(hex('f', 32))).toEqual([]);
  });

  it('are listed by service, newest first, with errors if asked', async () => {
    await admit(record(span('a', '1', -30), span('b', '2', -10, { status: { code: 2 } }), span('c', '3', -20)));
    await store.flush();
    const query = { start: NOW - 60_000, end: NOW, service: 'api', errorsOnly: false, limit: 2 };
    expect(await store.recentTraces(query)).toEqual([hex('b', 32), hex('c', 32)]);
    expect(await store.recentTraces({ ...query, errorsOnly: true })).toEqual([hex('b', 32)]);
    expect(await store.recentTraces({ ...query, service: 'other' })).toEqual([]);
  });
});

describe('the way into the engine', () => {
  it('sets a record aside that cannot be decoded any more, and goes on', async () => {
    await journal.append({
      kind: 'remote-write',
      format: 'snappy-protobuf',
      receivedAt: NOW,
      body: Buffer.from('junk'),
    });
    await write({ __name__: 'up' }, [[NOW, 1]]);
    await store.flush();
    const [file = '', note] = readdirSync(join(dir, 'rejected'));
    expect(note).toBe(`${file}.json`);
    expect(await engine.query('SELECT count() AS n FROM nightshift.samples')).toEqual([{ n: '1' }]);
  });

  it('takes records while the engine is down, and brings them there when it is back', async () => {
    process.kill(engine.pid as number, 'SIGKILL');
    await expect.poll(() => engine.state).toBe('down');
    await write({ __name__: 'up' }, [[NOW, 5]]);
    expect(await select('up', NOW, NOW)).toEqual([[NOW, 5]]);
    await store.flush();
    expect(await engine.query('SELECT value FROM nightshift.samples')).toEqual([{ value: 5 }]);
  });
});
