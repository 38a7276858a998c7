import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal, type UnnumberedEvent } from './journal.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function critical(reason: string): UnnumberedEvent {
  return { kind: 'release.failed', at: 1, service: 'shop', release: 'v1', reason };
}

function log(text: string): UnnumberedEvent {
  return { kind: 'log', at: 1, service: 'shop', release: 'v1', lines: [{ at: 1, stream: 1, text }] };
}

const segments = () =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.ndjson'))
    .sort();
const newest = () => join(dir, segments().at(-1)!);

async function written(count: number): Promise<void> {
  const journal = await openJournal({ dir });
  for (let i = 1; i <= count; i++) journal.append(critical(`r${i} — ü`));
  await journal.close();
}

async function seqsAfterReopening(): Promise<number[]> {
  const journal = await openJournal({ dir });
  const seqs = (await journal.read(0, 1000)).map((event) => event.seq);
  await journal.close();
  return seqs;
}

describe('the journal', () => {
  it('shows events in order, and again after a restart', async () => {
    await written(3);
    const journal = await openJournal({ dir });
    expect(journal.append(critical('after'))).toBe(4);
    await journal.flush();
    expect((await journal.read(1, 2)).map((event) => event.seq)).toEqual([2, 3]);
    expect((await journal.read(0, 100)).map((event) => (event as { reason?: string }).reason)).toEqual([
      'r1 — ü',
      'r2 — ü',
      'r3 — ü',
      'after',
    ]);
    await journal.close();
  });

  it('never gives a number twice, though everything was acknowledged and forgotten', async () => {
    await written(5);
    for (let round = 0; round < 3; round++) {
      const journal = await openJournal({ dir });
      await journal.ack(5);
      expect(await journal.read(0, 10)).toEqual([]);
      await journal.close();
    }
    const journal = await openJournal({ dir });
    expect(journal.append(critical('next'))).toBe(6);
    await journal.close();
    expect(segments().length).toBeLessThanOrEqual(2);
  });

  it('deletes whole segments on acknowledgement and keeps the rest', async () => {
    const journal = await openJournal({ dir, segmentBytes: 300 });
    for (let i = 0; i < 20; i++) {
      journal.append(critical(`x${i}`));
      await journal.flush();
    }
    const before = segments().length;
    await journal.ack(10);
    expect(segments().length).toBeLessThan(before);
    expect((await journal.read(0, 100)).map((event) => event.seq)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    await journal.close();
  });

  it('wakes a reader that waits, and lets it go when the time is over', async () => {
    const journal = await openJournal({ dir });
    const waiting = journal.wait(0, 10, 5000);
    journal.append(critical('now'));
    expect((await waiting).length).toBe(1);
    expect(await journal.wait(1, 10, 30)).toEqual([]);
    await journal.close();
  });

  it('drops the oldest log, traffic and trace events first when it is full, and counts them', async () => {
    const journal = await openJournal({ dir, segmentBytes: 2000, capBytes: 12_000 });
    for (let i = 0; i < 60; i++) {
      journal.append(i % 10 === 0 ? critical(`c${i}`) : log('x'.repeat(300)));
      await journal.flush();
    }
    const events = await journal.read(0, 1000);
    expect(events.filter((event) => event.kind === 'release.failed').length).toBe(6);
    expect(journal.dropped.expendable).toBe(54 - events.filter((event) => event.kind === 'log').length);
    expect(journal.dropped).toMatchObject({ critical: 0 });
    expect(journal.dropped.expendable).toBeGreaterThan(10);
    const bytes = segments().reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(12_000 + 2000);
    await journal.close();
  });

  it('drops the oldest of all when nothing else is left', async () => {
    const journal = await openJournal({ dir, segmentBytes: 1000, capBytes: 4000 });
    for (let i = 0; i < 50; i++) {
      journal.append(critical('y'.repeat(200)));
      await journal.flush();
    }
    expect(journal.dropped.critical).toBeGreaterThan(20);
    expect((await journal.read(0, 100)).at(-1)!.seq).toBe(50);
    await journal.close();
  });
});

describe('a damaged segment', () => {
  const lineStarts = (bytes: Buffer) => [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
  const damages: [string, (bytes: Buffer) => Buffer, number[]][] = [
    ['whose last record is torn', (bytes) => bytes.subarray(0, bytes.length - 5), [1, 2]],
    ['whose last record lost its line feed', (bytes) => bytes.subarray(0, bytes.length - 1), [1, 2]],
    ['whose tail is zeros', (bytes) => Buffer.concat([bytes, Buffer.alloc(100)]), [1, 2, 3]],
    ['with a flipped bit in the second record', (bytes) => flip(bytes, lineStarts(bytes)[1]! + 30), [1]],
    ['with a wrong length in the second record', (bytes) => flip(bytes, lineStarts(bytes)[1]! + 7), [1]],
    [
      'with a length beyond the file',
      (bytes) => Buffer.concat([bytes, Buffer.from('ffffffff 00000000 {}\n')]),
      [1, 2, 3],
    ],
    ['cut within its header', (bytes) => bytes.subarray(0, 8), []],
    ['of another version', (bytes) => Buffer.concat([Buffer.from('nightshift-events 9\n'), bytes.subarray(20)]), []],
    ['that is empty', () => Buffer.alloc(0), []],
  ];

  it.each(damages)('%s gives what is before the damage, and new events go on', async (_name, damage, survivors) => {
    await written(3);
    const path = newest();
    writeFileSync(path, damage(readFileSync(path)));
    expect(await seqsAfterReopening()).toEqual(survivors);
    const journal = await openJournal({ dir });
    const seq = journal.append(critical('later'));
    expect(seq).toBeGreaterThan(survivors.at(-1) ?? 0);
    await journal.close();
    expect(await seqsAfterReopening()).toEqual([...survivors, seq]);
  });

  it('with damage in the middle never gives a number again that was shown', async () => {
    await written(3);
    const path = newest();
    const bytes = readFileSync(path);
    writeFileSync(path, flip(bytes, lineStarts(bytes)[0]! + 30));
    const journal = await openJournal({ dir });
    expect(journal.append(critical('fresh'))).toBeGreaterThan(3);
    await journal.close();
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
}
