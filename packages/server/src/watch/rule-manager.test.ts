import type { SelectRequest, SeriesData } from '@nightshift/promql';
import { compileMatchers } from '@nightshift/promql';
import { isStaleMarker } from '@nightshift/wire';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../collect/decode.ts';
import type { JournalRecord } from '../collect/record.ts';
import { createMetricQueries } from '../query/promql.ts';
import { parseRuleFile } from './rule-file.ts';
import { createRuleManager, type RuleManager } from './rule-manager.ts';

/** A store of what was taken, as arrays: what rules record can be asked by the rules after them. */
class Samples {
  readonly #series = new Map<
    string,
    { labels: ReadonlyMap<string, string>; points: Map<number, { value: number; stale: boolean }> }
  >();

  put(labels: Record<string, string>, time: number, value: number, stale = false): void {
    const sorted = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const key = JSON.stringify([...sorted]);
    const series = this.#series.get(key) ?? { labels: sorted, points: new Map() };
    this.#series.set(key, series);
    series.points.set(time, { value, stale });
  }

  take = async (record: JournalRecord): Promise<void> => {
    const batch = decodeRecord(record).metrics;
    batch?.seriesIndex.forEach((index, i) => {
      const labels = Object.fromEntries(batch.series[index] ?? []);
      this.put(labels, batch.timestamps[i] ?? 0, batch.values[i] ?? 0, isStaleMarker(batch.values, i));
    });
  };

  async select({ matchers, start, end }: SelectRequest): Promise<SeriesData[]> {
    const matches = compileMatchers(matchers);
    return [...this.#series.values()].flatMap(({ labels, points }) => {
      const inside = [...points].filter(([t]) => t >= start && t <= end).sort(([a], [b]) => a - b);
      if (!matches(labels) || inside.length === 0) return [];
      const values = Float64Array.from(inside, ([, { value }]) => value);
      const words = new Uint32Array(values.buffer);
      inside.forEach(([, { stale }], i) => {
        if (stale) words.set([2, 0x7ff00000], 2 * i);
      });
      return [{ labels, timestamps: Float64Array.from(inside, ([t]) => t), values }];
    });
  }
}

const rules = `
groups:
  - name: api
    rules:
      - record: job:queue:max
        expr: max by (job) (queue)
      - alert: QueueIsLong
        expr: job:queue:max > 5
        for: 1m
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }} waits: {{ $value }}" }
`;

function manager(samples: Samples, text = rules) {
  const warnings: string[] = [];
  const queries = createMetricQueries(samples, { timeoutMs: 5000, maxSamples: 1e6, lookbackMs: 300_000 });
  const log = { warn: (_fields: object, message: string) => void warnings.push(message) };
  const all = createRuleManager(parseRuleFile(text, 'r.yml', 15_000), {
    queries,
    take: samples.take,
    now: () => 0,
    log,
  });
  const ask = async (query: string, at: number) => {
    const result = await queries.instant(query, at);
    return result.resultType === 'vector'
      ? result.samples.map(({ labels, value }) => [Object.fromEntries(labels), value])
      : [];
  };
  return { all, ask, warnings };
}

const alertsOf = (all: RuleManager) =>
  all
    .groups()
    .flatMap(({ rules }) => rules)
    .flatMap((state) => [...state.alerts.values()])
    .filter(({ state }) => state !== 'resolved');

describe('rules', () => {
  it('record first, and alert on what was recorded once it held for long enough', async () => {
    const samples = new Samples();
    const { all, ask } = manager(samples);
    for (const at of [0, 30_000, 60_000]) {
      samples.put({ __name__: 'queue', job: 'mail' }, at, 7);
      await all.evaluate(at);
      expect(alertsOf(all).map(({ state }) => state)).toEqual([at < 60_000 ? 'pending' : 'firing']);
    }
    expect(alertsOf(all)[0]).toMatchObject({
      value: 7,
      labels: new Map([
        ['alertname', 'QueueIsLong'],
        ['job', 'mail'],
        ['severity', 'page'],
      ]),
    });
    expect(await ask('job:queue:max', 60_000)).toEqual([[{ __name__: 'job:queue:max', job: 'mail' }, 7]]);
    expect(await ask('ALERTS', 60_000)).toEqual([
      [{ __name__: 'ALERTS', alertname: 'QueueIsLong', alertstate: 'firing', job: 'mail', severity: 'page' }, 1],
    ]);
  });

  it('end their series at once when the condition is over', async () => {
    const samples = new Samples();
    const { all, ask } = manager(samples, rules.replace('for: 1m', 'for: 0s'));
    samples.put({ __name__: 'queue', job: 'mail' }, 0, 7);
    await all.evaluate(0);
    samples.put({ __name__: 'queue', job: 'mail' }, 15_000, 1);
    await all.evaluate(15_000);
    expect(await ask('ALERTS', 15_000)).toEqual([]);
    expect(alertsOf(all)).toEqual([]);
  });

  it('go on counting `for` after a restart', async () => {
    const samples = new Samples();
    samples.put({ __name__: 'queue', job: 'mail' }, 0, 7);
    await manager(samples).all.evaluate(0);
    samples.put({ __name__: 'queue', job: 'mail' }, 60_000, 7);
    const after = manager(samples).all;
    await after.evaluate(60_000);
    expect(alertsOf(after)).toMatchObject([{ state: 'firing', activeAt: 0 }]);
  });

  it('that fail say why, and the others go on', async () => {
    const samples = new Samples();
    samples.put({ __name__: 'queue', job: 'a', x: '1' }, 0, 1);
    samples.put({ __name__: 'queue', job: 'a', x: '2' }, 0, 1);
    const text = rules
      .replace('max by (job) (queue)', 'queue + on (job) queue')
      .replace('job:queue:max > 5', 'vector(1)');
    const { all, warnings } = manager(samples, text);
    await all.evaluate(0);
    const errors = all.groups()[0]?.rules.map(({ lastError }) => lastError);
    expect(errors).toEqual([expect.stringMatching(/many-to-many|duplicate/), '']);
    expect(warnings).toEqual(['a rule could not be evaluated']);
  });

  it('that give more than their group allows fail', async () => {
    const samples = new Samples();
    for (const job of ['a', 'b', 'c']) samples.put({ __name__: 'queue', job }, 0, 7);
    const { all, ask } = manager(samples, rules.replace('- name: api', '- name: api\n    limit: 2'));
    await all.evaluate(0);
    expect(all.groups()[0]?.rules[0]?.lastError).toBe('exceeded limit of 2 with 3 series');
    expect(await ask('job:queue:max', 0)).toEqual([]);
  });

  it('are evaluated in the past where their group says so', async () => {
    const samples = new Samples();
    samples.put({ __name__: 'queue', job: 'mail' }, 0, 7);
    samples.put({ __name__: 'queue', job: 'mail' }, 30_000, 8);
    const { all, ask } = manager(samples, rules.replace('- name: api', '- name: api\n    query_offset: 30s'));
    await all.evaluate(30_000);
    expect(await ask('timestamp(job:queue:max)', 30_000)).toEqual([[{ job: 'mail' }, 0]]);
    expect(await ask('job:queue:max', 30_000)).toEqual([[{ __name__: 'job:queue:max', job: 'mail' }, 7]]);
  });

  describe('that are loaded anew', () => {
    const groupsOf = (text: string) => () => parseRuleFile(text, 'r.yml', 15_000);

    it('keep their alerts where they are the same, and end the series of those that are gone', async () => {
      const samples = new Samples();
      samples.put({ __name__: 'queue', job: 'mail' }, 0, 7);
      const { all, ask } = manager(samples, rules.replace('job:queue:max > 5', 'queue > 5'));
      await all.evaluate(0);
      expect(await ask('job:queue:max', 0)).toHaveLength(1);
      const next = rules.replace('job:queue:max > 5', 'queue > 5').replace('job:queue:max', 'job:queue:most');
      await all.reload(groupsOf(next));
      expect(all.groups()[0]?.rules.map(({ rule }) => rule.name)).toEqual(['job:queue:most', 'QueueIsLong']);
      expect(alertsOf(all)).toMatchObject([{ state: 'pending', activeAt: 0 }]);
      expect(await ask('job:queue:max', 0)).toEqual([]);
      samples.put({ __name__: 'queue', job: 'mail' }, 60_000, 7);
      await all.evaluate(60_000);
      expect(alertsOf(all)).toMatchObject([{ state: 'firing', activeAt: 0 }]);
    });

    it('go on as they were where the new ones have mistakes', async () => {
      const samples = new Samples();
      const { all } = manager(samples);
      const before = all.groups();
      const bad = rules.replace('queue)', 'queue').replace('for: 1m', 'for: soon');
      await expect(all.reload(groupsOf(bad))).rejects.toMatchObject({
        offences: [expect.stringContaining('r.yml:6: '), expect.stringContaining('r.yml:9: ')],
      });
      expect(all.groups()).toBe(before);
      expect(all.lastReload().error).toMatch(/could not parse/);
      await all.reload(groupsOf(rules));
      expect(all.lastReload()).toMatchObject({ error: '', failedAt: null });
    });

    it('are evaluated on their new schedule', async () => {
      const samples = new Samples();
      samples.put({ __name__: 'queue', job: 'mail' }, Date.now(), 7);
      const queries = createMetricQueries(samples, { timeoutMs: 5000, maxSamples: 1e6, lookbackMs: 300_000 });
      const all = createRuleManager([], { queries, take: samples.take, now: Date.now, log: { warn() {} } });
      all.start();
      await all.reload(groupsOf(rules.replace('name: api', 'name: api\n    interval: 20ms')));
      for (let i = 0; i < 200 && all.groups()[0]?.lastEvaluation === null; i++) {
        await new Promise((done) => setTimeout(done, 10));
      }
      await all.close();
      expect(all.groups()[0]?.rules.map(({ lastError }) => lastError)).toEqual(['', '']);
      expect(all.groups()[0]?.lastEvaluation).not.toBeNull();
    });
  });

  it('are evaluated on their schedule until they are closed', async () => {
    const samples = new Samples();
    samples.put({ __name__: 'queue', job: 'mail' }, Date.now(), 7);
    const queries = createMetricQueries(samples, { timeoutMs: 5000, maxSamples: 1e6, lookbackMs: 300_000 });
    const groups = parseRuleFile(rules.replace('name: api', 'name: api\n    interval: 50ms'), 'r.yml', 15_000);
    let taken = 0;
    const take = async (record: JournalRecord) => {
      taken++;
      await samples.take(record);
    };
    const all = createRuleManager(groups, { queries, take, now: Date.now, log: { warn() {} } });
    all.start();
    for (let i = 0; i < 200 && taken < 4; i++) await new Promise((done) => setTimeout(done, 20));
    await all.close();
    const atClose = taken;
    expect(atClose).toBeGreaterThanOrEqual(4);
    await new Promise((done) => setTimeout(done, 150));
    expect(taken).toBe(atClose);
  });
});
