/** What happens to a record when somebody pulls the plug; `spool.test.ts` has `kill -9`, where the disk goes on. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WatchedDisk } from './disk-of-a-power-cut.ts';
import { openSpool, type Spool } from './index.ts';

const CUTS = 200;

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Promised {
  readonly acknowledged: Set<string>;
  /** Names of records by token: what a receiver that remembers tokens has stored. */
  readonly delivered: Map<string, string>;
}

const names = (records: readonly Uint8Array[]) =>
  records.map((record) => Buffer.from(record).toString().trim()).join(',');

/** Hands out the next batch. The same token must stand for the same records, whenever it comes. */
async function deliver(spool: Spool, { delivered }: Promised, wrong: string[]): Promise<boolean> {
  const batch = await spool.nextBatch(600);
  if (!batch) return false;
  const before = delivered.get(batch.token);
  const now = names(batch.records);
  if (before !== undefined && before !== now) wrong.push(`${batch.token}: ${before} became ${now}`);
  delivered.set(batch.token, now);
  await spool.commit(batch);
  return true;
}

it(`nothing that was acknowledged is lost, and nothing comes under two tokens, whatever the disk kept: ${CUTS} power cuts`, async () => {
  const root = mkdtempSync(join(tmpdir(), 'spool-plug-'));
  const wrong: string[] = [];
  let acknowledged = 0;
  try {
    for (let cut = 0; cut < CUTS; cut++) {
      const random = randomFrom(cut);
      const dir = join(root, `${cut}`);
      const after = join(root, `${cut}-after`);
      const promised: Promised = { acknowledged: new Set(), delivered: new Map() };
      let stepsLeft = 4 + Math.floor(random() * 60);
      let known: Promised | undefined;
      // The directory is there, as of an earlier start.
      await (await openSpool({ dir })).close();
      const disk = await WatchedDisk.watch(dir, () => {
        if (stepsLeft-- !== 0) return;
        disk.cutInto(after, random);
        known = { acknowledged: new Set(promised.acknowledged), delivered: new Map(promised.delivered) };
      });
      for (const name of readdirSync(dir)) disk.holds(join(dir, name));
      const spool = await openSpool({ dir, segmentBytes: 2000 });
      const lanes = [0, 1].map(async (lane) => {
        for (let n = 0; !known; n++) {
          const name = `${lane}.${n}`;
          await spool.append(Buffer.from(name.padEnd(60 + Math.floor(random() * 400))));
          promised.acknowledged.add(name);
        }
      });
      while (!known) if (!(await deliver(spool, promised, wrong))) await spool.waitForRecords();
      await Promise.all(lanes);
      await spool.close();
      disk.stop();

      const next = await openSpool({ dir: after, segmentBytes: 2000 });
      while (await deliver(next, known, wrong));
      await next.close();
      const all = [...known.delivered.values()].flatMap((list) => list.split(','));
      const there = new Set(all);
      if (there.size !== all.length) wrong.push(`cut ${cut}: records under two tokens`);
      const lost = [...known.acknowledged].filter((name) => !there.has(name));
      if (lost.length > 0) wrong.push(`cut ${cut}: lost ${lost.join(',')}`);
      acknowledged += known.acknowledged.size;
      for (const one of [dir, after]) rmSync(one, { recursive: true, force: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  expect(wrong).toEqual([]);
  expect(acknowledged).toBeGreaterThan(CUTS * 5);
}, 120_000);
