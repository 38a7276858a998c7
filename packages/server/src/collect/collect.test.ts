import { existsSync, readFileSync } from 'node:fs';
import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { BodyKind, Decoded, JournalRecord } from './record.ts';

const now = Date.UTC(2026, 10, 21);

/** Collects into a list, as the spool would take it. */
function collector() {
  const taken: { record: JournalRecord; decoded: Decoded }[] = [];
  const sink = { admit: async (record: JournalRecord, decoded: Decoded) => void taken.push({ record, decoded }) };
  return { taken, deps: { sink, now: () => now, maxDecompressedBytes: 64 * 1024 * 1024 } };
}

const write = (timestamp: number, labels: [string, string][] = [['__name__', 'up']]): JournalRecord => ({
  kind: 'remote-write',
  format: 'snappy-protobuf',
  receivedAt: now,
  body: encodeSnappy(encodeWriteRequest([{ labels: new Map(labels), samples: [{ timestamp, value: 1 }] }])),
});

describe('collect', () => {
  it('hands on what it decoded together with the bytes as they came', async () => {
    const { taken, deps } = collector();
    const record = write(now);
    await collect(deps, record);
    expect(taken).toHaveLength(1);
    expect(taken[0]?.record).toBe(record);
    expect(taken[0]?.decoded.metrics?.series).toEqual([new Map([['__name__', 'up']])]);
  });

  it.each([
    ['a sample before 1970', write(-1), /up.*-1 ms is before 1970/],
    ['a sample in two days', write(now + 2 * 86_400_000), /more than a day ahead/],
    [
      '129 labels',
      write(now, [
        ['__name__', 'up'],
        ...Array.from({ length: 128 }, (_, i): [string, string] => [`l${1000 + i}`, 'x']),
      ]),
      /129 labels; at most 128/,
    ],
    [
      'a huge label value',
      write(now, [
        ['__name__', 'up'],
        ['a', 'x'.repeat(70_000)],
      ]),
      /value of a has 70000 characters/,
    ],
    ['a body that is not snappy', { ...write(now), body: Uint8Array.of(0xff, 0xff, 0xff) }, /./],
  ])('refuses %s and stores nothing', async (_what, record, message) => {
    const { taken, deps } = collector();
    await expect(collect(deps, record)).rejects.toMatchObject({
      code: 'BODY_INVALID',
      message: expect.stringMatching(message),
    });
    expect(taken).toHaveLength(0);
  });

  it('takes samples of 1970', async () => {
    const { taken, deps } = collector();
    await collect(deps, write(0));
    expect(taken).toHaveLength(1);
  });
});

const malformed = '../shared/conformance/malformed';

interface Case {
  readonly file: string;
  readonly path: string;
  readonly content_type: string;
  readonly content_encoding: string | null;
  readonly expect: string;
}

const kinds: Record<string, BodyKind> = {
  '/api/v1/write': 'remote-write',
  '/v1/metrics': 'otlp-metrics',
  '/v1/logs': 'otlp-logs',
  '/v1/traces': 'otlp-traces',
};

function cases(): Case[] {
  if (!existsSync(`${malformed}/manifest.json`)) return [];
  const manifest = JSON.parse(readFileSync(`${malformed}/manifest.json`, 'utf8'));
  const all: Case[] = Array.isArray(manifest) ? manifest : manifest.cases;
  return all.filter((c) => c.path in kinds && (c.content_encoding === null || c.content_encoding === 'snappy'));
}

describe.skipIf(cases().length === 0)('a hostile body of the conformance set', () => {
  it.each(cases())('$file: $expect', async (c) => {
    const { taken, deps } = collector();
    const format =
      c.content_encoding === 'snappy' ? 'snappy-protobuf' : c.content_type === 'application/json' ? 'json' : 'protobuf';
    const body = readFileSync(`${malformed}/${c.file}`);
    const kind = kinds[c.path] as BodyKind;
    const outcome = await collect(deps, { kind, format, receivedAt: now, body }).then(
      () => 200,
      (error) => error.status as number,
    );
    expect([200, 400, 413]).toContain(outcome);
    if (/^400$/.test(c.expect)) expect(outcome).toBe(400);
    if (/^200( |;|$)/.test(c.expect) && !/^200 or|^200\//.test(c.expect)) expect(outcome).toBe(200);
    expect(taken).toHaveLength(outcome === 200 ? 1 : 0);
  });
});
