import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJournal, openJournal } from './journal.ts';
import { decodeJournalRecord, encodeJournalRecord } from './journal-layout.ts';

const record = fc.record({
  kind: fc.constantFrom('remote-write', 'otlp-metrics', 'otlp-logs', 'otlp-traces', 'json-logs', 'series-deletion'),
  format: fc.constantFrom('protobuf', 'json', 'snappy-protobuf', 'ndjson', 'snappy-write-v2'),
  receivedAt: fc.integer({ min: 0, max: 4e12 }),
  body: fc.uint8Array({ maxLength: 200 }),
});

const cuts = fc
  .array(fc.tuple(fc.nat(1e6), fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constant(Number.POSITIVE_INFINITY))), {
    minLength: 1,
    maxLength: 20,
  })
  .map((pairs) => new Map(pairs));

describe('a journal record', () => {
  it('comes back as it went in', () => {
    fc.assert(
      fc.property(record, (one) => {
        const { body, ...head } = decodeJournalRecord(encodeJournalRecord(one));
        expect({ ...head, body: Uint8Array.from(body) }).toEqual(one);
      }),
    );
  });

  it('comes back with what of it was refused', () => {
    fc.assert(
      fc.property(record, cuts, (one, cuts) => {
        const { body, ...head } = decodeJournalRecord(encodeJournalRecord({ ...one, cuts }));
        expect({ ...head, body: Uint8Array.from(body) }).toEqual({ ...one, cuts });
      }),
    );
  });

  const good = encodeJournalRecord({
    kind: 'json-logs',
    format: 'ndjson',
    receivedAt: 1_700_000_000_000,
    body: Buffer.from('{"msg":"hi"}'),
  });
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good);
    copy[at] = value;
    return copy;
  };
  const notATime = Buffer.from(good);
  notATime.writeDoubleLE(Number.NaN, 4);
  const cut = encodeJournalRecord({
    kind: 'remote-write',
    format: 'protobuf',
    receivedAt: 1_700_000_000_000,
    body: Buffer.alloc(0),
    cuts: new Map([
      [0, 1e12],
      [7, Number.POSITIVE_INFINITY],
    ]),
  });
  const cutTwice = Buffer.from(cut);
  cutTwice.writeUInt32LE(0, 28);
  const cutAtNoTime = Buffer.from(cut);
  cutAtNoTime.writeDoubleLE(Number.NaN, 32);
  it.each([
    ['a torn number of cuts', cut.subarray(0, 15), /record of 15 bytes; its cuts are not all there/],
    ['torn cuts', cut.subarray(0, 39), /record of 39 bytes; its cuts are not all there/],
    ['two cuts of one series', cutTwice, /2 cuts of 1 series/],
    ['a cut at no time', cutAtNoTime, /a cut at NaN/],
    ['a torn head', good.subarray(0, 11), /record of 11 bytes; a head has 12/],
    ['another version', changed(0, 3), /record version 3; known: 1–2/],
    ['an unknown kind', changed(1, 6), /record kind 6; known: 0–5/],
    ['a deletion of nothing', changed(1, 5), /the body is no deletion of series/],
    ['a kind that was never found', changed(1, 255), /record kind 255/],
    ['an unknown format', changed(2, 5), /record format 5; known: 0–4/],
    ['a time that is none', notATime, /receivedAt NaN/],
    ['a torn body', good.subarray(0, good.length - 3), /line 1/],
  ])('is refused with %s, by field and value', (_, bytes, message) => {
    expect(() => decodeJournal(bytes)).toThrow(message);
  });

  it('decodes to the same batch when it leaves the journal, with the time at which it was received', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'journal-'));
    const first = await openJournal({ dir });
    await first.append(decodeJournalRecord(good));
    await first.close();
    const journal = await openJournal({ dir });
    const batch = await journal.nextBatch(1000);
    const [log] = decodeJournal(batch!.records[0]!).logs!;
    expect(log).toMatchObject({ body: 'hi', timeUnixNano: 1_700_000_000_000_000_000n });
    await journal.commit(batch!);
    expect(journal.stats().records).toBe(0);
    await journal.close();
    await expect(journal.append(decodeJournalRecord(good))).rejects.toMatchObject({ code: 'SPOOL_UNAVAILABLE' });
    rmSync(dir, { recursive: true });
  });

  it('is refused while more than the limit waits for the engine, and taken again after a commit', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'journal-'));
    const journal = await openJournal({ dir, maxPendingBytes: 30 });
    await journal.append(decodeJournalRecord(good));
    await expect(journal.append(decodeJournalRecord(good))).rejects.toMatchObject({ code: 'OVERLOADED', status: 429 });
    await journal.commit((await journal.nextBatch(1000))!);
    await journal.append(decodeJournalRecord(good));
    await journal.close();
    rmSync(dir, { recursive: true });
  });
});
