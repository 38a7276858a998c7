/** Classic histograms that a running server converts as it scrapes them, beside the same ones as they are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Body, type RunningServer, runServer } from './serve.ts';

/** `le` and what each scrape adds to the bucket; more were there before, so that no rate is cut off at zero. */
const BUCKETS = [
  ['0.1', 3],
  ['0.25', 10],
  ['1', 14],
  ['2.5', 19],
  ['+Inf', 20],
] as const;

/** A target whose histograms grow with every scrape, for each of the jobs that ask it alike. */
async function startTarget() {
  const scrapes = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const n = (scrapes.get(path) ?? 1000) + 1;
    scrapes.set(path, n);
    const lines = ['a', 'b'].flatMap((route, i) => [
      ...BUCKETS.map(([le, step]) => `took_seconds_bucket{route="${route}",le="${le}"} ${step * n * (i + 1)}`),
      `took_seconds_sum{route="${route}"} ${7.5 * n * (i + 1)}`,
      `took_seconds_count{route="${route}"} ${20 * n * (i + 1)}`,
    ]);
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`# TYPE took_seconds histogram\n${lines.join('\n')}\n# TYPE plain gauge\nplain 1\n`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Element {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly histogram?: [number, { count: string; sum: string; buckets: [number, string, string, string][] }];
}

const resultOf = (body: Body) => (body.data as { result: Element[] }).result;

let target: Awaited<ReturnType<typeof startTarget>>;
let running: RunningServer;
let dir: string;

beforeAll(async () => {
  target = await startTarget();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-custom-buckets-'));
  const file = join(dir, 'prometheus.yml');
  const job = (name: string, more: object) => ({
    ...{ job_name: name, scrape_interval: '1s', scrape_timeout: '1s', metrics_path: `/${name}` },
    static_configs: [{ targets: [target.host] }],
    ...more,
  });
  const jobs = [
    job('both', { always_scrape_classic_histograms: true }),
    job('native', {}),
    job('classic', { convert_classic_histograms_to_nhcb: false }),
    job('limited', { native_histogram_bucket_limit: 4 }),
  ];
  writeFileSync(file, JSON.stringify({ global: { convert_classic_histograms_to_nhcb: true }, scrape_configs: jobs }));
  running = await runServer({ NIGHTSHIFT_SCRAPE_CONFIG_FILE: file });
}, 60_000);
afterAll(async () => {
  await running.close();
  target.close();
  rmSync(dir, { recursive: true, force: true });
});

const query = async (text: string, time: number): Promise<Element[]> =>
  resultOf((await running.ask('/api/v1/query', { query: text, time: String(time) })).body);
const values = async (text: string, time: number) =>
  new Map((await query(text, time)).map(({ metric, value }) => [metric.route ?? '', Number(value?.[1])]));

it('converted histograms answer as the classic ones do', async () => {
  const four = { query: 'count_over_time(plain{job="both"}[1m]) >= 4' };
  await running.until('/api/v1/query', four, (found) => resultOf(found).length === 1);
  const time = Date.now() / 1000;
  for (const [native, classic] of [
    ['histogram_quantile(0.9, rate(H[5m]))', 'histogram_quantile(0.9, rate(B[5m]))'],
    ['histogram_quantile(0.3, rate(H[5m]))', 'histogram_quantile(0.3, rate(B[5m]))'],
    ['histogram_quantile(0.9, sum(increase(H[5m])))', 'histogram_quantile(0.9, sum by (le) (increase(B[5m])))'],
    ['histogram_count(rate(H[5m]))', 'rate(C[5m])'],
    ['histogram_sum(rate(H[5m]))', 'rate(S[5m])'],
    ['histogram_count(H)', 'C'],
    ['histogram_fraction(0, 0.25, H)', 'B{le="0.25"} / on(route) C'],
  ] as const) {
    const named = (text: string) =>
      text
        .replace(/\bH\b/, 'took_seconds{job="both"}')
        .replace(/\b([BCS])\b(?:\{(.*?)\})?/g, (_all, kind: string, more?: string) => {
          const suffix = { B: 'bucket', C: 'count', S: 'sum' }[kind];
          return `took_seconds_${suffix}{job="both"${more === undefined ? '' : `,${more}`}}`;
        });
    const theirs = await values(named(classic), time);
    const ours = await values(named(native), time);
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    expect(theirs.size).toBeGreaterThan(0);
    for (const [route, value] of theirs) expect(ours.get(route), native).toBeCloseTo(value, 9);
  }
});

it('are one series each, alone or beside the classic ones, as the job says', async () => {
  const time = Date.now() / 1000;
  const count = async (text: string) => Number((await query(`count(${text}) or vector(0)`, time))[0]?.value?.[1]);
  const counts = async (job: string) => [
    await count(`took_seconds{job="${job}"}`),
    await count(`{__name__=~"took_seconds_.+",job="${job}"}`),
  ];
  expect(await counts('both')).toEqual([2, 14]);
  expect(await counts('native')).toEqual([2, 0]);
  expect(await counts('classic')).toEqual([0, 14]);
  expect(await counts('limited')).toEqual([0, 0]);
  expect(await count('up{job="limited"} == 0')).toBe(1);
  const [one] = await query('took_seconds{job="native",route="a"}', time);
  expect(one?.histogram?.[1].buckets.map(([, lower, upper]) => `${lower} ${upper}`)).toEqual([
    ...['-Inf 0.1', '0.1 0.25', '0.25 1', '1 2.5', '2.5 +Inf'],
  ]);
  const types = await running.ask('/api/v1/metadata', { metric: 'took_seconds' });
  expect(types.body.data).toMatchObject({ took_seconds: [{ type: 'histogram' }] });
});

it('end when their target goes', async () => {
  target.close();
  await running.until('/api/v1/query', { query: 'took_seconds' }, (found) => resultOf(found).length === 0);
});
