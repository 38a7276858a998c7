/** The words of generated queries; the names and label values are those of the data set. */

export const names = [
  ...Array(4).fill('requests_total'),
  ...Array(2).fill('errors_total'),
  'steady_total',
  'restless_total',
  ...Array(2).fill('latency_seconds_bucket'),
  'latency_seconds_count',
  'latency_seconds_sum',
  'broken_bucket',
  ...Array(3).fill('temperature'),
  'queue_length',
  'limit',
  ...Array(2).fill('flapping'),
  ...Array(2).fill('irregular'),
  'sparse',
  'once',
  ...Array(2).fill('special'),
  'build_info',
  'start_time_seconds',
  'unknown',
] as readonly string[];

/** Counters with few resets, which never come near zero where that matters. */
export const counters = [
  'requests_total',
  'errors_total',
  'steady_total',
  'latency_seconds_count',
  'latency_seconds_sum',
];
/** Without NaN and the infinities. */
export const finite = [...counters, 'temperature', 'queue_length', 'limit', 'irregular', 'flapping'];

export const labelNames = ['job', 'instance', 'route', 'code', 'zone', 'le', 'kind', 'version', 'nothing'];

/** Of labels that most series have. */
export const commonMatchers = [
  'job="api"',
  'job!="api"',
  'job=~"api|web"',
  'job!~"w.*"',
  'job=~"(?i)API"',
  'job=~".+"',
  'instance="a:1"',
  'instance=~"[ab]:\\\\d"',
  'instance!~"a:1|c:3"',
  'instance!=""',
  'nothing=""',
  'nothing=~".*"',
  'job=~`a.i`',
];

export const matchers = [
  'route="/"',
  "route=~'/order.*'",
  'route=~".*ä"',
  'code="200"',
  'code=~"2..|404"',
  'code!~"5.."',
  'code=""',
  'code=~"|500"',
  'zone=~"n.*h"',
  'le="+Inf"',
  'le=~"0.*"',
  'kind!~"nan|m.*"',
  'kind=~".*inf.*"',
  'version=~"^1\\\\.[01]$"',
  'nothing!="x"',
];

/** For selectors without a name; each excludes the empty name. */
export const nameMatchers = [
  '__name__="requests_total"',
  '__name__=~"requests_total|errors_total"',
  '__name__=~"latency_seconds_(sum|count)"',
  '__name__=~".*_total"',
  '__name__=~"t.+"',
  'job="web"',
];

export const comparisons = ['==', '!=', '<', '>', '<=', '>='];
export const numbers = [
  '0',
  '1',
  '2',
  '10',
  '100',
  '-1',
  '0.5',
  '3.7',
  '1e3',
  '2.5e-2',
  '0x1F',
  'Inf',
  '-Inf',
  'NaN',
  '1000',
  '300',
];
export const dyadics = ['0', '1', '2', '10', '-5', '0.5', '100', '0.125', '1e3', '0x10'];
export const counts = ['1', '2', '3', '5', '100', '0', '-1', '1.9'];
export const strings = ['"text"', "'a\\'b'", '`raw\\n`', '"\\u00e4 \\n"', '""'];

/** Durations that are whole seconds. */
export const ranges = ['15s', '30s', '47s', '1m', '90s', '2m', '5m', '10m', '30m', '1h', '1h30m', '3m20s', '1d'];
export const offsets = ['30s', '1m', '5m', '-1m', '-30s', '1h', '10m', '3h', '7s'];
/** Range and resolution. */
export const subqueries = [
  ['1m', '10s'],
  ['5m', '30s'],
  ['5m', '1m'],
  ['10m', '1m'],
  ['10m', ''],
  ['30m', '5m'],
  ['2m', '7s'],
  ['1h', '10m'],
  ['3m', '47s'],
] as const;

/** Milliseconds. */
export const steps = [1000, 7000, 15_000, 30_000, 60_000, 300_000, 780_000];

export const parameters = {
  factor: ['0.1', '0.5', '0.9'],
  share: ['0', '0.1', '0.5', '0.9', '0.99', '1', '-0.5', '1.5', 'NaN', '0.25'],
  width: ['1', '0.5', '5', '0.1', '10', '100'],
  seconds: ['0', '60', '600', '3600', '-60'],
  any: numbers,
} as const;

export const targets = ['"job"', '"instance"', '"fresh"', '"route"', '"zone"'];
/** Replacement and pattern, both quoted. */
export const replacements = [
  ['"$1"', '"(.*)"'],
  ['"$1-$2"', '"(.):(.)"'],
  ['"x$1"', '"(a).*"'],
  ['"$word y"', '"(?P<word>[a-z]+).*"'],
  ['""', '".*"'],
  ['"new"', '""'],
  ['"$0"', '"/order.*"'],
  ['"$$"', '"(.+)"'],
  ['"$3"', '"(.*)"'],
] as const;

/** Queries that are refused, each around one that is not. */
export const faults = [
  'rate(…)',
  'sum(…[5m])',
  'sum(up[5m])',
  '… + "text"',
  '1 > 2',
  '(…) and 1',
  'topk(…)',
  'unknown_function(…)',
  'sum by (job)',
  'up offset',
  '{}',
  '{job=~".*"}',
  'up{job="x"',
  'rate(up[5m]) by (job)',
  '(…) == bool',
  '(…) and bool (…)',
  '(…) or on (job) group_left () (…)',
  'label_replace(…, "x", "$1", "job", "(")',
  'up{job=~"("}',
  '(…) offset 5m',
  '((…) + 1)[5m]',
  'up @ NaN',
  'up offset 5m offset 5m',
  'sum without (job) by (route) (…)',
  '1 2',
  'quantile("x", …)',
  'vector(…)',
  'time(1)',
  'round(…, 1, 2)',
  'absent("x")',
  '(…) on (job) + (…)',
  '(…) + group_left (…)',
  '(…) / on (job) group_left (job) (…)',
  'scalar(1)',
  '-"text"',
  'up[5x]',
  'up[5m][5m]',
  'up{job="a",,}',
  'up{job=api}',
  'up{job=""',
  'sum(…',
  '…)',
  'clamp(…)',
  'holt_winters(…, 0.5, 0.5)',
  'up{__name__="down"}',
  'histogram_quantile(…, 0.5)',
  'up @ start',
  '(…) % ',
  '~(…)',
  '!up',
  'up == = down',
  '"unfinished',
  "'\\q'",
  'count_values(job, …)',
  '(…) ^ bool (…)',
];

/** Durations that are calculated. */
export const newerRanges = [
  '4m + 60s',
  '2 * 2m',
  'step() + 1m',
  '300',
  'min_of(5m, 1h)',
  'max_of(step(), 90s)',
  '(1h - 55m) * 2',
  '1.5 * 1m',
  '-(-5m)',
];
export const newerOffsets = ['(2 * 30s)', '-(1m)', '(step() + 1m)', '60', '(1m - 90s)'];
export const newerSubqueries = [
  ['4m + 60s', '30s'],
  ['5m', '2 * 15s'],
  ['10m', 'max_of(step(), 1m)'],
  ['600', '60'],
] as const;
export const newerScalars = [
  'min_of(1, 2)',
  'max_of(time(), 3)',
  'start()',
  'end()',
  'range()',
  'step()',
  '5m',
  '1_000',
];
export const overTime = ['sum_over_time', 'avg_over_time', 'max_over_time', 'last_over_time', 'increase', 'idelta'];
export const newerSelectors = [
  '{"näme.dotted"}',
  '{"näme.dotted", "läbel.x"="1"}',
  '{"läbel.x"=~".+"}',
  '{__name__="näme.dotted", job!=""}',
];
export const infoMatchers = [
  '{cluster=~".+"}',
  '{region="eu"}',
  '{__name__="build_info"}',
  '{cluster="api-1", nothing=""}',
];
export const fills = ['fill(0)', 'fill_left(1)', 'fill_right(-2.5)', 'fill_left(0) fill_right(3)', 'fill(NaN)'];
export const ratios = ['0', '0.1', '0.5', '-0.5', '0.9', '1', '-1', '-0.2'];
