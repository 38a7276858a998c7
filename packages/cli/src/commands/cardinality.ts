import type { CardinalityMetric, CardinalityReport } from '@nightshift/server/api';
import { Option } from 'commander';
import { apiCommand, type Register } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  by?: keyof typeof lists;
  limit: string;
}

export const cardinality: Register = (program, context) => {
  const command = program
    .command('cardinality')
    .description('which metrics, labels and services make the series, and what is new')
    .argument('[selector]', 'only of the series it chooses, such as \'http_requests_total{job="shop"}\'')
    .addOption(new Option('--by <list>', 'only this list').choices(Object.keys(lists)))
    .option('--limit <count>', 'at most so many of each list', '10');
  apiCommand<Options>(command, context, async ({ client, options, args, terminal, print, waitFor }) => {
    const query = { 'match[]': args[0], limit: options.limit };
    const report = await waitFor('Counting', client.get<CardinalityReport>('/api/v1/cardinality', query));
    print(report, () => {
      if (options.by) return lists[options.by](terminal, report);
      const parts = [lists.metrics, lists.growth, lists.services, lists.labels].map((show) => show(terminal, report));
      return [summary(report), ...parts].join('\n');
    });
    return EXIT.ok;
  });
};

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const count = (value: number): string => grouped.format(value);
const rate = (value: number): string =>
  value >= 100 || value === 0 ? count(value) : String(Number(value.toPrecision(3)));
const total = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0);

function summary({ series, live, samplesPerSecond, metricNames, hours, newSeries }: CardinalityReport): string {
  const fresh =
    hours === null ? 'what is new is not known while the engine is down' : `${count(total(newSeries))} new in 24 hours`;
  return `${count(series)} series of ${count(metricNames)} metrics, ${count(live)} in memory, ${rate(samplesPerSecond)} samples/s, ${fresh}\n`;
}

/** What multiplies the series of a metric: `user (30) × method (2)`. */
const factors = ({ labels }: CardinalityMetric): string =>
  labels.map(({ name, values }) => `${name} (${count(values)})`).join(' × ') || '-';

/** Who sends it, and how many others do. */
const sender = ({ service, services }: CardinalityMetric): string =>
  (service || '-') + (services > 1 ? ` +${services - 1}` : '');

const metricRow = (metric: CardinalityMetric): string[] => [
  count(metric.series),
  rate(metric.samplesPerSecond),
  count(total(metric.newSeries)),
  metric.name,
  sender(metric),
  factors(metric),
];
const METRIC = ['SERIES', 'SAMPLES/S', 'NEW IN 24H', 'METRIC', 'SERVICE', 'LABELS (VALUES)'];

const lists = {
  metrics: (terminal: Terminal, { metrics }: CardinalityReport) => table(terminal, METRIC, metrics.map(metricRow)),
  samples: (terminal: Terminal, { busiest }: CardinalityReport) => table(terminal, METRIC, busiest.map(metricRow)),
  growth: (terminal: Terminal, { growing, hours }: CardinalityReport) => {
    const rows = growing.map((metric) => [
      count(total(metric.newSeries)),
      count(metric.newSeries.at(-1) ?? 0),
      metric.name,
      sender(metric),
    ]);
    return hours === null ? '' : table(terminal, ['NEW IN 24H', 'THIS HOUR', 'METRIC', 'SERVICE'], rows);
  },
  services: (terminal: Terminal, { services }: CardinalityReport) => {
    const rows = services.map((one) => [
      count(one.series),
      rate(one.samplesPerSecond),
      count(one.newSeries),
      one.service || '-',
    ]);
    return table(terminal, ['SERIES', 'SAMPLES/S', 'NEW IN 24H', 'SERVICE'], rows);
  },
  labels: (terminal: Terminal, { labels }: CardinalityReport) => {
    const rows = labels.map(({ name, values, series, top }) => [
      count(values),
      count(series),
      name,
      top.map((one) => `${one.value} (${count(one.series)})`).join(', '),
    ]);
    return table(terminal, ['VALUES', 'SERIES', 'LABEL', 'MOST SERIES HAVE'], rows);
  },
  pairs: (terminal: Terminal, { pairs }: CardinalityReport) => {
    const rows = pairs.map(({ name, value, series }) => [count(series), `${name}=${JSON.stringify(value)}`]);
    return table(terminal, ['SERIES', 'LABEL AND VALUE'], rows);
  },
} as const;
