import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { rejectedDirOf } from '../../src/store/open.ts';
import { type KilledHost, killBench } from '../kill-harness.ts';

const ROUNDS = 15;
const T = Date.now() - 600_000;
const nanos = (ms: number) => `${BigInt(T + ms) * 1_000_000n}`;

/** A sender as an SDK is one: it sends the next interval only when the last one was answered, and tries again until then. */
class Lane {
  url = '';
  /** Intervals that were acknowledged. */
  sent = 0;
  retries = 0;
  stopping = false;

  constructor(
    readonly name: string,
    readonly kind: 'sum' | 'histogram',
  ) {}

  async run(): Promise<void> {
    while (!this.stopping) {
      const body = JSON.stringify(this.request(this.sent));
      const answer = await this.post(body);
      if (answer) this.sent++;
      else {
        this.retries++;
        await sleep(50);
      }
    }
  }

  private async post(body: string): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${this.url}/v1/metrics`, { method: 'POST', headers, body });
      const text = await response.text();
      if (response.status >= 500) return false;
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  private request(i: number): object {
    const attributes = [{ key: 'lane', value: { stringValue: this.name } }];
    const interval = { attributes, startTimeUnixNano: nanos(i * 10), timeUnixNano: nanos(i * 10 + 10) };
    const counted =
      this.kind === 'sum' ? { asInt: i } : { count: 3, sum: i, bucketCounts: [1, 2], explicitBounds: [1] };
    const data = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...interval, ...counted }] };
    return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: `crash_${this.kind}`, [this.kind]: data }] }] }] };
  }
}

it('deltas are counted once each over 15 times kill -9 of the server or the engine, with a sender that tries again', async () => {
  const bench = await killBench('test/collect/otlp-crash-host.ts', 'fastify');
  const lanes = [new Lane('a', 'sum'), new Lane('b', 'sum'), new Lane('c', 'sum'), new Lane('d', 'histogram')];
  const running: Promise<void>[] = [];
  let host: KilledHost | undefined;
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      host ??= bench.start();
      const [, engine, url = ''] = await host.printed(/^up (\d+) (\S+)\n/);
      for (const lane of lanes) lane.url = url;
      if (round === 0) running.push(...lanes.map((lane) => lane.run()));
      await sleep(100 + Math.random() * 400);
      if (round === ROUNDS) break;
      if (round % 5 === 1) process.kill(Number(engine), 'SIGKILL');
      await sleep(Math.random() * 100);
      await host.kill();
      host = undefined;
      // The next one's engine may be given the same port.
      for (const lane of lanes) lane.url = '';
    }
    for (const lane of lanes) lane.stopping = true;
    await Promise.all(running);
    await host?.kill();
    const { engine, store, close } = await bench.reopen();
    await store.flush();
    const newest = await engine.query<{ series: string; value: number; rows: string; different: string }>(
      `SELECT concat(labels['__name__'], ' ', labels['lane'], ' ', labels['le']) AS series,
              argMax(value, time) AS value, count() AS rows, uniqExact(time) AS different
       FROM nightshift.samples AS s JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS l ON s.id = l.id
       GROUP BY series`,
    );
    const found = new Map(newest.map(({ series, value, rows }) => [series.trim(), [value, Number(rows)]]));
    expect(newest.filter(({ rows, different }) => rows !== different)).toEqual([]);
    const retries = lanes.reduce((sum, lane) => sum + lane.retries, 0);
    console.log(`${lanes.map(({ sent }) => sent).join(', ')} intervals acknowledged, ${retries} tries in vain`);
    for (const { name, kind, sent } of lanes) {
      expect(sent).toBeGreaterThan(50);
      const sum = (sent * (sent - 1)) / 2;
      // One sample for each interval and the zero where it begins.
      const rows = sent + 1;
      if (kind === 'sum') expect([name, found.get(`crash_sum_total ${name}`)]).toEqual([name, [sum, rows]]);
      else {
        expect(found.get(`crash_histogram_sum ${name}`)).toEqual([sum, rows]);
        expect(found.get(`crash_histogram_count ${name}`)).toEqual([3 * sent, rows]);
        expect(found.get(`crash_histogram_bucket ${name} 1`)).toEqual([sent, rows]);
      }
    }
    expect(retries).toBeGreaterThan(10);
    expect(existsSync(rejectedDirOf(bench.dir))).toBe(false);
    await close();
  } finally {
    for (const lane of lanes) lane.stopping = true;
    await host?.kill();
    bench.remove();
  }
}, 600_000);
