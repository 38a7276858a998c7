import { createHash } from 'node:crypto';
import type { Engine } from '../../packages/server/src/engine/engine.ts';
import { resultJson } from '../../packages/server/src/http/prometheus/result-json.ts';
import { createMetricQueries } from '../../packages/server/src/query/promql.ts';
import type { History } from '../../packages/server/src/store/derived/history.ts';
import { Head } from '../../packages/server/src/store/head.ts';
import { HistogramReader } from '../../packages/server/src/store/histogram-reader.ts';
import { HeadAndEngine } from '../../packages/server/src/store/metric-store.ts';
import { wordsOf } from '../../packages/server/src/store/sample-columns.ts';
import { SeriesIndex } from '../../packages/server/src/store/series-index.ts';
import { median, processorTime, shown, table, timed } from './measure.ts';
import { generateFleet, perSeries, scrapeMs } from './series.ts';
import { type Asked, lastMs, queries } from './servers.ts';

const rounds = Number(process.env.ROUNDS ?? 25);
const start = 1_760_000_000_000;

/** As scrapes come: every series once, then again. */
function fill(head: Head, index: SeriesIndex): void {
  const fleet = generateFleet().map(({ labels, value }) => ({ number: index.intern(labels).number, value }));
  const one = new Float64Array(1);
  const words = wordsOf(one);
  for (let i = 0; i < perSeries; i++) {
    for (const { number, value } of fleet) {
      one[0] = value(i);
      head.insert(number, start + i * scrapeMs, words[0]!, words[1]!);
    }
  }
}

/** The typical queries from the head to the bytes of the answer, without HTTP; all, or the one of that name. Lines of Markdown. */
export async function benchHead(only?: string): Promise<string[]> {
  const head = new Head(512 * 1024 * 1024, Number.NEGATIVE_INFINITY);
  const index = new SeriesIndex();
  fill(head, index);
  const store = new HeadAndEngine({} as History, head, index, new Map(), new HistogramReader({} as Engine, head));
  const asks = createMetricQueries(store, { timeoutMs: 60_000, maxSamples: 50_000_000, lookbackMs: 300_000 });
  const step = scrapeMs;
  const answer = async ({ query, instant }: Asked) => {
    const result = await (instant
      ? asks.instant(query ?? '', start + lastMs)
      : asks.range(query ?? '', { start, end: start + lastMs, step }));
    return (await resultJson(result, undefined)).finish();
  };
  const rows: string[][] = [];
  const chosen = queries.filter(({ name, query }) => query !== undefined && (only === undefined || name === only));
  for (const asked of chosen) {
    for (let round = 0; round < 3; round++) await answer(asked);
    const wall: number[] = [];
    let cpu = 0;
    for (let round = 0; round < rounds; round++)
      cpu += await processorTime(async () => wall.push(await timed(() => answer(asked))));
    const bytes = await answer(asked);
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
    rows.push([
      asked.name,
      shown(median(wall)),
      shown(Math.min(...wall)),
      shown(cpu / rounds),
      String(bytes.length),
      digest,
    ]);
    console.log(rows.at(-1)?.join(' | '));
  }
  return table(['query', 'ms', 'least ms', 'CPU ms', 'bytes', 'SHA-256'], rows);
}
