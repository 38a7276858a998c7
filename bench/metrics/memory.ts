/** How much memory do 100,000 series take, with dashboards asking all the while? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNightshift } from '../../conformance/peers/nightshift.ts';
import { remoteWrite } from '../../conformance/peers/remote-write.ts';
import { shown, table } from '../promql/measure.ts';
import { generateFleet, scrapeMs } from '../promql/series.ts';
import { usageOf } from './usage.ts';

const fleets = 10;
const dashboards = 10;
const refreshMs = 5000;
const seriesARequest = 2000;
/** NIGHTSHIFT_BENCH_MINUTES: how long it goes on; an hour if it is not said. */
const minutes = Number(process.env.NIGHTSHIFT_BENCH_MINUTES ?? 60);
/** NIGHTSHIFT_BENCH_HISTORY: minutes that are sent at once before that; none if it is not said. */
const history = Number(process.env.NIGHTSHIFT_BENCH_HISTORY ?? 0);

/** What dashboard number `fleet` asks: the rates, errors and latencies of its part of the series over the last hour. */
const asked = (fleet: number): string[] => [
  `sum by (route) (rate(http_requests_total{fleet="${fleet}"}[5m]))`,
  `sum(rate(http_requests_total{fleet="${fleet}",code=~"5.."}[5m])) / sum(rate(http_requests_total{fleet="${fleet}"}[5m]))`,
  `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{fleet="${fleet}"}[5m])))`,
  `topk(5, node_load1{fleet="${fleet}"})`,
];

/** Anonymous memory at its highest. Lines of Markdown. */
export async function benchMemory(): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-bench-'));
  const peer = await startNightshift(resolve('packages/cli/dist/nightshift.js'), dir);
  let highest = 0;
  let ownAtHighest = 0;
  let late = 0;
  /** Core-seconds until what is sent at once is there. */
  let before = 0;
  let answers = 0;
  let slowest = 0;
  let over = false;
  const fleet = generateFleet();
  const labels = Array.from({ length: fleets }, (_, number) =>
    fleet.map(
      (one) => new Map([...one.labels, ['fleet', String(number)] as const].sort(([a], [b]) => (a < b ? -1 : 1))),
    ),
  );
  let isLive = history === 0;
  const watch = setInterval(() => {
    const { anonymousMb, ownAnonymousMb } = usageOf(peer.pid);
    if (!isLive || anonymousMb <= highest) return;
    highest = anonymousMb;
    ownAtHighest = ownAnonymousMb;
  }, 1000);
  const dashboard = async (number: number) => {
    while (!over) {
      const begun = performance.now();
      const end = Math.floor(Date.now() / 1000);
      for (const query of asked(number)) {
        const body = new URLSearchParams({ query, start: String(end - 3600), end: String(end), step: '60' });
        const answer = await fetch(`${peer.url}/api/v1/query_range`, { method: 'POST', headers: peer.headers, body });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${query}: ${answer.status} ${text.slice(0, 300)}`);
        answers++;
      }
      slowest = Math.max(slowest, performance.now() - begun);
      await sleep(Math.max(0, refreshMs - (performance.now() - begun)));
    }
  };
  try {
    const running = Array.from({ length: dashboards }, (_, number) => dashboard(number % fleets));
    const scrapes = ((history + minutes) * 60_000) / scrapeMs;
    const writing = (async () => {
      const start = Date.now() - history * 60_000;
      for (let scrape = 0; scrape < scrapes; scrape++) {
        const timestamp = start + scrape * scrapeMs;
        await sleep(Math.max(0, timestamp - Date.now()));
        for (const part of labels) {
          for (let from = 0; from < fleet.length; from += seriesARequest) {
            const request = fleet.slice(from, from + seriesARequest).map(({ value }, i) => ({
              labels: part[from + i] ?? new Map<string, string>(),
              samples: [{ timestamp, value: value(scrape) }],
            }));
            await remoteWrite(peer, request);
          }
        }
        if (isLive && Date.now() > timestamp + scrapeMs) late++;
        if (!isLive) before = usageOf(peer.pid).all;
        isLive ||= timestamp + scrapeMs > Date.now();
      }
      over = true;
    })();
    await Promise.all([writing, ...running]);
    const { all } = usageOf(peer.pid);
    return [
      `${(fleets * fleet.length).toLocaleString('en')} series with a sample every 15 s for ${minutes} minutes, and ${dashboards} dashboards of four queries over the last`,
      'hour each, refreshed every 5 s. Anonymous memory of Nightshift and its engine together, looked at every second.',
      ...(history > 0
        ? [`Before it, and before the measurement, the samples of ${history} minutes were sent at once.`]
        : []),
      '',
      ...table(
        [
          'highest MB',
          'of it `serve`',
          'core-seconds a minute',
          'answers',
          'slowest dashboard ms',
          'scrapes written late',
        ],
        [
          [
            shown(highest),
            shown(ownAtHighest),
            shown((all - before) / minutes),
            String(answers),
            shown(slowest),
            String(late),
          ],
        ],
      ),
    ];
  } finally {
    over = true;
    clearInterval(watch);
    await peer.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
