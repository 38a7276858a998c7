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

describe('a journal record', () => {
  it('comes back as it went in', () => {
    fc.assert(
      fc.property(record, (one) => {
        const { body, ...head } = decodeJournalRecord(encodeJournalRecord(one));
        expect({ ...head, body: Uint8Array.from(body) }).toEqual(one);
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
  it.each([
    ['a torn head', good.subarray(0, 11), /record of 11 bytes; a head has 12/],
    ['another version', changed(0, 2), /record version 2; known: 1/],
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
