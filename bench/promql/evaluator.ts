import { createEvaluator } from '../../packages/promql/src/index.ts';
import { generateArrays } from './arrays.ts';
import { median, processorTime, shown, table } from './measure.ts';

const hour = 3_600_000;
const step = 15_000;
const rounds = 9;

const classes: readonly (readonly [name: string, query: string])[] = [
  ['instant selector', 'gauge'],
  ['rate', 'rate(counter_total[5m])'],
  ['increase, long range', 'increase(counter_total[30m])'],
  ['sum_over_time', 'sum_over_time(gauge[5m])'],
  ['avg_over_time', 'avg_over_time(gauge[5m])'],
  ['max_over_time', 'max_over_time(gauge[5m])'],
  ['max_over_time, long range', 'max_over_time(gauge[30m])'],
  ['stddev_over_time', 'stddev_over_time(gauge[5m])'],
  ['quantile_over_time', 'quantile_over_time(0.9, gauge[5m])'],
  ['deriv', 'deriv(gauge[5m])'],
  ['math function', 'ln(abs(gauge))'],
  ['sum by', 'sum by (route) (gauge)'],
  ['sum by of rate', 'sum by (route) (rate(counter_total[5m]))'],
  ['topk', 'topk(5, gauge)'],
  ['quantile', 'quantile by (route) (0.9, gauge)'],
  ['histogram_quantile, classic', 'histogram_quantile(0.95, sum by (route, le) (rate(classic_bucket[5m])))'],
  ['native histograms: rate', 'rate(native[5m])'],
  ['native histograms: quantile of sum of rate', 'histogram_quantile(0.95, sum by (route) (rate(native[5m])))'],
  ['one to one', 'gauge * on (job, instance, route) counter_total'],
  ['many to one', 'gauge / on (job) group_left () sum by (job) (counter_total)'],
  ['comparison with a scalar', 'gauge > 50'],
  ['and', 'gauge and on (instance) counter_total'],
  ['regular expression', 'count(gauge{instance=~"i-[1-4].*[05]"})'],
  ['subquery', 'max_over_time(rate(counter_total[5m])[15m:1m])'],
  ['label_replace', 'label_replace(gauge, "number", "$1", "instance", "i-(.*)")'],
];

/** The evaluator alone: range queries over the last hour, 241 steps, one core. Lines of Markdown. */
export async function benchEvaluator(): Promise<string[]> {
  const end = Math.floor(Date.now() / hour) * hour;
  const source = generateArrays(end - 2 * hour, end);
  const evaluator = createEvaluator(source);
  const rows: string[][] = [];
  for (const [name, query] of classes) {
    const run = () => evaluator.range(query, end - hour, end, step);
    source.handed = 0;
    const { statistics } = await evaluator.range(query, end - hour, end, step, { statistics: true });
    const handed = source.handed;
    const looked = statistics?.total ?? 0;
    await run();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await processorTime(run));
    const ms = median(times);
    const perSecond = (samples: number) => shown(samples / ms / 1000);
    rows.push([name, `\`${query}\``, shown(ms), String(handed), perSecond(handed), perSecond(looked)]);
    console.log(`${name}: ${shown(ms)} ms, ${perSecond(looked)} M samples/s`);
  }
  return [
    '## The evaluator alone',
    '',
    'Range queries over one hour at 15 s (241 steps) on arrays in memory: 1,000 counters, 1,000 gauges, 1,000 buckets of',
    `classic histograms, 50 native histograms of 40 buckets. Processor time, the median of ${rounds} runs after one. "Looked at" counts`,
    'a sample once for every step whose window has it, and a histogram for its size, as Prometheus counts samples of a query.',
    '',
    ...table(['function class', 'query', 'CPU ms', 'samples read', 'M read/s', 'M looked at/s'], rows),
  ];
}
