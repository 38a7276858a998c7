import { shown, table } from '../promql/measure.ts';
import type { Framework, Summary } from './figures.ts';

export interface Result {
  readonly framework: Framework;
  readonly summaries: readonly { readonly name: string; readonly summary: Summary }[];
}

export interface Conditions {
  readonly machine: string;
  readonly command: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly paced: number;
  readonly saturatedBy: string;
  readonly starts: number;
}

/** What the library may cost. */
export const targets = { metricsPercent: 3, tracesPercent: 8, cpuMicroseconds: 5, memoryMb: 20, importMs: 50 };

const titles: Readonly<Record<Framework, string>> = { node: 'A bare server of `node:http`', fastify: 'Fastify' };

const signed = (value: number, digits: number): string => `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}`;

function section({ framework, summaries }: Result): string[] {
  const rows = summaries.map(({ name, summary }) => [
    name,
    shown(Math.round(summary.perSecond)),
    signed(summary.costs, 1),
    summary.cpuSaturated.toFixed(1),
    signed(summary.cpuAdded, 1),
    summary.cpuPaced.toFixed(1),
    summary.p99.toFixed(1),
    summary.memory.toFixed(1),
    signed(summary.memoryAdded, 1),
    signed(summary.usedAdded, 1),
  ]);
  const head = [
    '',
    'requests/s',
    'costs %',
    'CPU µs',
    'added',
    'CPU µs, paced',
    'p99 ms, paced',
    'MB',
    'added',
    'in use, added',
  ];
  return [`## ${titles[framework]}`, '', ...table(head, rows), ''];
}

export function page(
  results: readonly Result[],
  imports: readonly { readonly name: string; readonly milliseconds: number }[],
  { machine, command, rounds, seconds, connections, paced, saturatedBy, starts }: Conditions,
): string {
  return [
    '# The library in the application',
    '',
    `${machine}. Run by \`${command}\`.`,
    '',
    'What do metrics and traces of the application cost it? The same application, which answers `GET /users/42` with 90 bytes',
    'of JSON, is started anew for each line, one after the other, and that again in each round. Load comes over',
    `${connections} kept connections: ${seconds} s of as much as it takes (${saturatedBy}), then ${seconds} s of ${paced.toLocaleString('en')} requests/s (autocannon), each`,
    `after a second that does not count. Medians of ${rounds} rounds; what is added or costs is compared within a round.`,
    '`CPU µs` is processor time of the whole process for a request. Memory is anonymous and resident, after a garbage',
    'collection, in MB (10⁶ bytes); a part of it is room for new objects, 1 to 48 MB, which V8 widens by how much has outlived a',
    'collection since the start, so that after a while every busy application has all of it. `in use` is objects and buffers',
    'without it. Where traces are on, they are sampled at 10 % and pushed by OTLP to a receiver that forgets.',
    'OpenTelemetry is `@opentelemetry/auto-instrumentations-node/register` with its Prometheus exporter; prom-client is a',
    'histogram of durations by route, method and status in a middleware, with default metrics.',
    '',
    `Budget: metrics at most ${targets.metricsPercent} % of requests/s, with traces at most ${targets.tracesPercent} %; less than every rival; under ${targets.cpuMicroseconds} µs a request; under`,
    `${targets.memoryMb} MB; import under ${targets.importMs} ms; disabled, nothing that can be measured.`,
    '',
    ...results.flatMap(section),
    '## Import',
    '',
    `Milliseconds that it adds to the start of a process, median of ${starts} starts with it and ${starts} without.`,
    '',
    ...table(
      ['', 'ms'],
      imports.map(({ name, milliseconds }) => [name, milliseconds.toFixed(1)]),
    ),
    '',
  ].join('\n');
}
