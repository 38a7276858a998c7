import { Option } from 'commander';
import { apiCommand, type Register } from '../context.ts';
import { EXIT, Exit } from '../exit.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { durationOption, showTime, timeOption } from '../time.ts';

interface Options {
  time?: string;
  range?: boolean;
  start?: string;
  end?: string;
  step?: string;
}

type Point = readonly [number, string];
type Histogram = readonly [number, { readonly count: string; readonly sum: string }];
type Labels = Readonly<Record<string, string>>;

type Data =
  | { resultType: 'vector'; result: { metric: Labels; value?: Point; histogram?: Histogram }[] }
  | { resultType: 'matrix'; result: { metric: Labels; values?: Point[]; histograms?: Histogram[] }[] }
  | { resultType: 'scalar' | 'string'; result: Point };

interface Answer {
  data: Data;
  warnings?: string[];
}

/** Enough points for a look at a range without a step. */
const POINTS = 60;

export const query: Register = (program, context) => {
  const command = program
    .command('query')
    .description('ask PromQL; at one instant, or over a range with --range')
    .argument('<expression>', 'PromQL')
    .option('--time <time>', 'instant: an age such as 15m, RFC 3339, Unix seconds (default: now)')
    .option('--range', 'a value for every step from --start to --end')
    .addOption(new Option('--start <time>', 'first instant of the range (default: 1h ago)').implies({ range: true }))
    .addOption(new Option('--end <time>', 'last instant of the range (default: now)').implies({ range: true }))
    .addOption(new Option('--step <duration>', `(default: a ${POINTS}th of the range)`).implies({ range: true }));
  apiCommand<Options>(command, context, async ({ client, options, args, now, terminal, print, waitFor }) => {
    const expression = args[0] ?? '';
    const [path, parameters] = options.range ? rangeQuery(options, now()) : instantQuery(options, now());
    const answer = await waitFor('Asking', client.get<Answer>(path, { query: expression, ...parameters }));
    for (const warning of answer.warnings ?? []) terminal.err(`Warning: ${warning}\n`);
    print(answer.data, () => show(terminal, answer.data));
    return EXIT.ok;
  });
};

type Parameters = Readonly<Record<string, string | number>>;

function instantQuery({ time }: Options, now: number): readonly [string, Parameters] {
  return ['/api/v1/query', time === undefined ? {} : { time: timeOption('--time', time, now) / 1000 }];
}

function rangeQuery({ time, start, end, step }: Options, now: number): readonly [string, Parameters] {
  if (time !== undefined) throw new Exit(EXIT.usage, '--time is for one instant; a range has --start and --end.');
  const from = timeOption('--start', start ?? '1h', now);
  const to = timeOption('--end', end ?? 'now', now);
  if (to < from) throw new Exit(EXIT.usage, `--end ${end ?? 'now'} is before --start ${start ?? '1h'}.`);
  const stepMs = step === undefined ? Math.max(1000, (to - from) / POINTS) : durationOption('--step', step);
  return ['/api/v1/query_range', { start: from / 1000, end: to / 1000, step: stepMs / 1000 }];
}

/** A series as PromQL writes it. */
function name({ __name__ = '', ...labels }: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length > 0 || __name__ === '' ? `${__name__}{${pairs.join(', ')}}` : __name__;
}

/** Of a native histogram what it counted; its buckets are for functions. */
function textOf(point: Point | Histogram | undefined): string {
  const value = point?.[1] ?? '';
  return typeof value === 'string' ? value : `count ${value.count}, sum ${value.sum}`;
}

function show(terminal: Terminal, data: Data): string {
  if (data.resultType === 'vector') {
    return table(
      terminal,
      ['VALUE', 'SERIES'],
      data.result.map(({ metric, value, histogram }) => [textOf(value ?? histogram), name(metric)]),
    );
  }
  if (data.resultType === 'matrix') {
    const rows = data.result.flatMap(({ metric, values = [], histograms = [] }) =>
      [...values, ...histograms]
        .sort(([a], [b]) => a - b)
        .map((point) => [showTime(point[0] * 1000), textOf(point), name(metric)]),
    );
    return table(terminal, ['TIME', 'VALUE', 'SERIES'], rows);
  }
  return `${data.result[1]}\n`;
}
