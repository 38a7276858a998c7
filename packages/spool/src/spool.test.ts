import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeSlot } from './cursor.ts';
import { openSpool, type SpoolOptions } from './index.ts';
import { HEADER_BYTES, RECORD_OVERHEAD, segmentName } from './segment.ts';

const made: string[] = [];
function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'spool-'));
  made.push(dir);
  return dir;
}
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (value: string) => Buffer.from(value);

async function drain(options: SpoolOptions): Promise<string[]> {
  const spool = await openSpool(options);
  const all: string[] = [];
  for (let batch = await spool.nextBatch(1 << 20); batch; batch = await spool.nextBatch(1 << 20)) {
    all.push(...batch.records.map(text));
    await spool.commit(batch);
  }
  await spool.close();
  return all;
}

async function spoolOf(records: readonly string[], options: Partial<SpoolOptions> = {}): Promise<string> {
  const dir = options.dir ?? newDir();
  const spool = await openSpool({ ...options, dir });
  for (const record of records) await spool.append(bytes(record));
  await spool.close();
  return dir;
}

describe('a spool', () => {
  it('hands out records in the order of their appends, once', async () => {
    const dir = await spoolOf(['a', 'b', '', 'c']);
    expect(await drain({ dir })).toEqual(['a', 'b', '', 'c']);
    expect(await drain({ dir })).toEqual([]);
  });

  it('lets appends that wait together share a segment position in order', async () => {
    const spool = await openSpool({ dir: newDir() });
    const positions = await Promise.all(['a', 'bb', 'ccc'].map((one) => spool.append(bytes(one))));
    expect(positions.map((one) => one.offset)).toEqual([HEADER_BYTES + 9, HEADER_BYTES + 19, HEADER_BYTES + 30]);
    await spool.close();
  });

  it('hands out an uncommitted batch again after a restart: the same records, the same token, though more came', async () => {
    const dir = await spoolOf(['a', 'b']);
    const first = await openSpool({ dir });
    const before = await first.nextBatch(1);
    await first.append(bytes('c'));
    await first.close();
    const second = await openSpool({ dir });
    const after = await second.nextBatch(1 << 20);
    expect(after?.token).toBe(before?.token);
    expect(after?.records.map(text)).toEqual(before?.records.map(text));
    await second.commit(after!);
    expect((await second.nextBatch(1 << 20))?.token).not.toBe(before?.token);
    await second.close();
  });

  it('deletes segments that are committed and counts what is left', async () => {
    const dir = newDir();
    const spool = await openSpool({ dir, segmentBytes: 4096 });
    for (let i = 0; i < 20; i++) await spool.append(Buffer.alloc(1000, i));
    expect(spool.stats()).toMatchObject({ records: 20, segments: 4 });
    for (let batch = await spool.nextBatch(2000); batch; batch = await spool.nextBatch(2000)) await spool.commit(batch);
    expect(spool.stats()).toMatchObject({ records: 0, segments: 1 });
    expect(readdirSync(dir).filter((name) => name.endsWith('.seg'))).toHaveLength(1);
    await spool.close();
  });

  it('hands out a record that is larger than the batch that was asked for', async () => {
    const dir = await spoolOf(['x'.repeat(5000), 'y']);
    const spool = await openSpool({ dir });
    expect((await spool.nextBatch(10))?.records.map((one) => one.length)).toEqual([5000]);
    await spool.close();
  });

  it('drops the oldest segments above its cap, says how many records, and keeps the newest', async () => {
    const dropped: number[] = [];
    const dir = newDir();
    const options = {
      dir,
      segmentBytes: 4096,
      capBytes: 20_000,
      onDrop: (drop: { records: number }) => dropped.push(drop.records),
    };
    const spool = await openSpool(options);
    for (let i = 0; i < 60; i++) await spool.append(bytes(String(i).padStart(1000, '0')));
    const { bytes: size, droppedRecords } = spool.stats();
    await spool.close();
    expect(size).toBeLessThanOrEqual(20_000 + 4096);
    const rest = (await drain({ dir })).map(Number);
    expect(dropped.reduce((sum, one) => sum + one, 0)).toBe(droppedRecords);
    expect(rest).toEqual(Array.from({ length: 60 - droppedRecords }, (_, i) => i + droppedRecords));
  });

  it('wakes the one who waits when a record comes, and when it is closed', async () => {
    const spool = await openSpool({ dir: newDir() });
    const waiting = spool.waitForRecords();
    await spool.append(bytes('a'));
    await waiting;
    await spool.commit((await spool.nextBatch(10))!);
    const again = spool.waitForRecords();
    await spool.close();
    await again;
    await expect(spool.append(bytes('b'))).rejects.toThrow('closed');
  });
});

describe('damage', () => {
  const segment = (dir: string) => join(dir, segmentName(1));
  const edit = (path: string, change: (bytes: Buffer) => Buffer) => writeFileSync(path, change(readFileSync(path)));
  const flip = (at: number) => (file: Buffer) => {
    const copy = Buffer.from(file);
    copy[at]! ^= 0x40;
    return copy;
  };
  // Records of three bytes: at 8, 19 and 30, the end is 41.
  const cases: [string, (file: Buffer) => Buffer, string[], number][] = [
    ['a torn payload at the end', (file) => file.subarray(0, 40), ['one', 'two'], 0],
    ['a torn record head at the end', (file) => file.subarray(0, 33), ['one', 'two'], 0],
    [
      'a tail that was grown but not written',
      (file) => Buffer.concat([file, Buffer.alloc(100)]),
      ['one', 'two', 'six'],
      0,
    ],
    ['a wrong checksum in the last record', flip(40), ['one', 'two'], 0],
    ['a wrong byte in a record in the middle', flip(28), ['one'], 1],
    ['a wrong length in the middle', flip(19), ['one'], 1],
    ['a wrong checksum field in the first record', flip(12), [], 1],
    ['a file of something else', () => Buffer.from('this is not a segment at all'), [], 1],
    ['a header that was never written', (file) => file.subarray(0, 5), [], 0],
  ];
  it.each(cases)('%s: the good records before it survive', async (_, change, kept, quarantined) => {
    const dir = await spoolOf(['one', 'two', 'six']);
    edit(segment(dir), change);
    const files: string[] = [];
    expect(await drain({ dir, onQuarantine: (file) => files.push(file) })).toEqual(kept);
    expect(files).toHaveLength(quarantined);
    for (const file of files) expect(existsSync(join(dir, file))).toBe(true);
    await spoolOf(['next'], { dir });
    expect(await drain({ dir })).toEqual(['next']);
  });

  it('in a segment that is not the last is set aside even at its end, and later segments are read', async () => {
    const dir = await spoolOf(['one', 'two']);
    await spoolOf(['six'], { dir });
    edit(segment(dir), (file) => file.subarray(0, 29));
    const files: string[] = [];
    expect(await drain({ dir, onQuarantine: (file) => files.push(file) })).toEqual(['one', 'six']);
    expect(files).toEqual([`${segmentName(1)}.19.quarantine`]);
  });

  it('that happens while the spool is open is set aside when it is read', async () => {
    const dir = newDir();
    const spool = await openSpool({ dir });
    for (const one of ['one', 'two', 'six']) await spool.append(bytes(one));
    edit(segment(dir), flip(28));
    const batch = await spool.nextBatch(1000);
    expect(batch?.records.map(text)).toEqual(['one']);
    await spool.append(bytes('new'));
    await spool.commit(batch!);
    expect((await spool.nextBatch(1000))?.records.map(text)).toEqual(['new']);
    expect(spool.stats()).toMatchObject({ quarantinedFiles: 1, records: 1 });
    await spool.close();
  });

  it('of one cursor slot is covered by the others; of all, the cursor is set aside and everything is handed out', async () => {
    const dir = await spoolOf(['a', 'b']);
    const spool = await openSpool({ dir });
    await spool.commit((await spool.nextBatch(1))!);
    const { token } = (await spool.nextBatch(1))!;
    await spool.close();
    const cursor = join(dir, 'cursor');
    const copy = join(dir, 'copy');
    copyFileSync(cursor, copy);
    edit(cursor, flip(20));
    expect((await drain({ dir })).at(-1)).toBe('b');
    copyFileSync(copy, cursor);
    edit(cursor, (file) => flip(20)(flip(4116)(flip(8212)(file))));
    const files: string[] = [];
    const reopened = await openSpool({ dir, onQuarantine: (file) => files.push(file) });
    expect(files).toEqual(['cursor']);
    expect((await reopened.nextBatch(1))?.token).not.toBe(token);
    await reopened.close();
  });

  it('is not assumed for a cursor of version 1, which goes on from its newest slot', async () => {
    const dir = await spoolOf(['a', 'b', 'c']);
    const id = '0123456789abcdef';
    const slot = (sequence: number, start: number) =>
      encodeSlot({ id, sequence, segment: 1, start, end: undefined }, 1);
    const first = HEADER_BYTES + RECORD_OVERHEAD + 1;
    const file = Buffer.alloc(564);
    slot(4, HEADER_BYTES).copy(file, 0);
    slot(5, first).copy(file, 512);
    writeFileSync(join(dir, 'cursor'), file);
    const spool = await openSpool({ dir });
    const batch = (await spool.nextBatch(1))!;
    expect([batch.records.map(text), batch.token.split('-')[0]]).toEqual([['b'], id]);
    await spool.close();
    const again = await openSpool({ dir });
    expect((await again.nextBatch(1000))?.token).toBe(batch.token);
    await again.close();
  });

  it('is not assumed for another version: that is refused by name', async () => {
    const dir = await spoolOf(['one']);
    edit(segment(dir), (file) => {
      const copy = Buffer.from(file);
      copy[4] = 9;
      return copy;
    });
    await expect(openSpool({ dir })).rejects.toThrow(/000000000001\.seg has version 9; this program reads version 1/);
  });
});

describe('a full disk', () => {
  const mountable = (() => {
    const dir = mkdtempSync(join(tmpdir(), 'spool-mount-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', dir], { stdio: 'ignore' });
      execFileSync('umount', [dir]);
      return true;
    } catch {
      return false;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  })();

  it.skipIf(!mountable)(
    'rejects the append, keeps what was acknowledged, says why, and recovers by itself',
    async () => {
      const dir = newDir();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', dir]);
      try {
        const spool = await openSpool({ dir });
        writeFileSync(join(dir, 'ballast'), Buffer.alloc(200_000));
        await spool.append(bytes('kept'));
        await expect(spool.append(Buffer.alloc(400_000))).rejects.toThrow('ENOSPC');
        expect(spool.stats().degraded).toContain('no space is left');
        rmSync(join(dir, 'ballast'));
        await expect.poll(() => spool.stats().degraded, { timeout: 5000 }).toBeUndefined();
        await spool.append(bytes('after'));
        await spool.close();
        expect(await drain({ dir })).toEqual(['kept', 'after']);
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );
});

describe('any sequence of appends, batches, commits and restarts', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        size: fc.integer({ min: 0, max: 900 }),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('batch' as const), max: fc.integer({ min: 1, max: 3000 }) }) },
    { weight: 3, arbitrary: fc.constant({ do: 'commit' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  );
  it('delivers every record once, in order, under tokens that never change their records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const dir = newDir();
        let spool = await openSpool({ dir, segmentBytes: 4096 });
        const sent: string[] = [];
        const committed: string[] = [];
        const tokens = new Map<string, string>();
        let out: Awaited<ReturnType<typeof spool.nextBatch>> = null;
        for (const one of steps) {
          if (one.do === 'append') {
            const records = Array.from({ length: one.count }, (_, i) => `${sent.length + i}:`.padEnd(one.size, '.'));
            await Promise.all(records.map((record) => spool.append(bytes(record))));
            sent.push(...records);
          } else if (one.do === 'batch') {
            out = await spool.nextBatch(one.max);
            const records = out?.records.map(text).join('|') ?? '';
            if (out) expect(tokens.get(out.token) ?? records).toBe(records);
            if (out) tokens.set(out.token, records);
          } else if (one.do === 'commit' && out) {
            committed.push(...out.records.map(text));
            await spool.commit(out);
            out = null;
          } else if (one.do === 'reopen') {
            await spool.close();
            spool = await openSpool({ dir, segmentBytes: 4096 });
            out = null;
          }
          expect(spool.stats().records).toBe(sent.length - committed.length);
        }
        await spool.close();
        expect([...committed, ...(await drain({ dir }))]).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });
});

describe('kill -9', () => {
  it('loses no acknowledged record and changes no batch', async () => {
    const dir = newDir();
    const script = join(newDir(), 'host.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'kill-host.ts')],
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
    });
    const acknowledged = new Set<string>();
    const delivered = new Map<string, string>();
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [script, dir, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      await expect.poll(() => output.includes('\n'), { timeout: 10_000 }).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
      for (const line of output.split('\n').slice(0, -1)) {
        const [kind, a, b] = line.split(' ');
        if (kind === 'ack') acknowledged.add(a!);
        else if (delivered.has(a!)) expect(delivered.get(a!)).toBe(b);
        else delivered.set(a!, b!);
      }
    }
    const spool = await openSpool({ dir });
    for (let batch = await spool.nextBatch(1000); batch; batch = await spool.nextBatch(1000)) {
      const names = batch.records.map((one) => text(one).trim()).join(',');
      expect(delivered.get(batch.token) ?? names).toBe(names);
      delivered.set(batch.token, names);
      await spool.commit(batch);
    }
    await spool.close();
    const all = [...delivered.values()].flatMap((names) => names.split(','));
    expect(new Set(all).size).toBe(all.length);
    expect([...acknowledged].filter((one) => !new Set(all).has(one)).slice(0, 5)).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(100);
    expect(statSync(join(dir, 'cursor')).size).toBeLessThan(9000);
  });
});
