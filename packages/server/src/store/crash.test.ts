import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type KilledHost, killBench, killRounds } from '../../test/kill-harness.ts';
import type { Engine } from '../engine/engine.ts';
import { rejectedDirOf } from './open.ts';

const ROUNDS = 50;

/** What was promised: by kind and lane, how many of its numbered items. A lane numbers them from 0 without a gap. */
type Promised = Map<string, Map<string, number>>;

/** How many hours were packed at the start, or did not have the samples that there are. */
const hours = ({ output }: KilledHost, what: 'packed' | 'stale'): number =>
  Number(new RegExp(`^${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);

function collect({ output }: KilledHost, promised: Promised): void {
  for (const [, kind = '', name = '', count] of output.matchAll(/^ack (\S+) (\S+) (\d+)$/gm)) {
    const lanes = promised.get(kind) ?? new Map<string, number>();
    promised.set(kind, lanes.set(name, Number(count)));
  }
}

/** Rows per lane: all of them and how many different ones, straight from ClickHouse. */
const counts: Record<string, string> = {
  samples: `SELECT labels['lane'] AS lane, count() AS rows, uniqExact(s.id, s.time) AS different FROM nightshift.samples AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  histograms: `SELECT labels['lane'] AS lane, count() AS rows, uniqExact(s.id, s.time) AS different FROM nightshift.histograms AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  exemplars: `SELECT series.labels['lane'] AS lane, count() AS rows, uniqExact(value) AS different FROM nightshift.exemplars AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  logs: 'SELECT service AS lane, count() AS rows, uniqExact(body) AS different FROM nightshift.logs GROUP BY lane',
  spans: 'SELECT name AS lane, count() AS rows, uniqExact(span_id) AS different FROM nightshift.spans GROUP BY lane',
};

async function offences(engine: Engine, promised: Promised): Promise<string[]> {
  const found: string[] = [];
  for (const [kind, sql] of Object.entries(counts)) {
    const rows = await engine.query<{ lane: string; rows: string; different: string }>(sql);
    const byLane = new Map(rows.map((row) => [row.lane, row]));
    for (const { lane, rows: all, different } of rows) {
      if (all !== different) found.push(`${kind} of ${lane}: ${all} rows, ${different} different`);
    }
    for (const [lane, count] of promised.get(kind) ?? []) {
      const have = Number(byLane.get(lane)?.different ?? 0);
      if (have < count) found.push(`${kind} of ${lane}: ${count} acknowledged, ${have} there`);
    }
  }
  return found;
}

it('what was acknowledged is there exactly once after 50 times kill -9 of the server or the engine under load', async () => {
  const bench = await killBench('src/store/crash-host.ts');
  const promised: Promised = new Map();
  let packed = 0;
  try {
    await killRounds({
      rounds: ROUNDS,
      start: (round) => bench.start(String(round)),
      async working(host, round) {
        packed += hours(host, 'packed');
        expect(hours(host, 'stale')).toBe(0);
        if (round % 5 === 4) await host.printed(/^has packed$/m);
        else await sleep(50 + Math.random() * 450);
      },
      ended: (host) => collect(host, promised),
    });
    const { engine, store, close } = await bench.reopen();
    await store.flush();
    const total = [...promised.values()].flatMap((lanes) => [...lanes.values()]).reduce((sum, one) => sum + one, 0);
    console.log(`${total} items acknowledged in ${ROUNDS} rounds`);
    expect(await offences(engine, promised)).toEqual([]);
    expect([...promised.keys()].sort()).toEqual(['exemplars', 'histograms', 'logs', 'samples', 'spans']);
    expect(total).toBeGreaterThan(10_000);
    expect(packed).toBeGreaterThan(0);
    expect(existsSync(rejectedDirOf(bench.dir))).toBe(false);
    await close();
  } finally {
    bench.remove();
  }
}, 600_000);
