import { anchoredFunctions, approximate, dyadic, identical, type Precision, smoothedFunctions } from './functions.ts';
import type { Generator } from './generate.ts';
import { call, literal, type Query, toText, unshifted } from './query.ts';
import type { Random } from './random.ts';
import * as words from './vocabulary.ts';

/** What Prometheus has learnt since 2.42, as far as it takes more than a name of a function. */
export function newerVector(generator: Generator, random: Random, depth: number, need: Precision): Query {
  const anyPrecision: readonly (readonly [number, () => Query])[] = [
    [2, () => literal(random.pick(words.newerSelectors))],
    [3, () => extended(generator, random, need)],
    [2, () => ratio(generator, random, depth, need)],
    [2, () => info(generator, random)],
    [1, () => varying(generator, 'topk', generator.scalar(depth, dyadic), generator.distinct())],
  ];
  const approximately: readonly (readonly [number, () => Query])[] = [
    [3, () => classicHistogram(generator, random)],
    [2, () => varying(generator, 'quantile', generator.scalar(depth, identical), generator.vector(depth, dyadic))],
    [3, () => filled(generator, random, depth)],
    [1, () => extreme(generator, random)],
  ];
  return random.weighted(need === approximate ? [...anyPrecision, ...approximately] : anyPrecision)();
}

/** By labels that every one of the series has, and whose values natural order can tell apart. */
export function sortedByLabel(generator: Generator, random: Random): Query {
  const labels = random.pick([['job'], ['instance'], ['job', 'instance'], ['instance', 'job']]);
  const of = generator.named(['temperature', 'requests_total', 'latency_seconds_bucket', 'start_time_seconds']);
  return call(random.pick(['sort_by_label', 'sort_by_label_desc']), of, ...labels.map((name) => literal(`"${name}"`)));
}

const aggregate = (generator: Generator, op: string, param: Query, of: Query): Query => ({
  kind: 'aggregate',
  op,
  ...generator.grouping(),
  param,
  of,
});

/** With a parameter that changes from step to step, unless Prometheus would take it for constant. */
const varying = (generator: Generator, op: string, param: Query, of: Query): Query =>
  aggregate(generator, op, toText(of).includes('@') ? literal('2') : param, of);

const ratio = (generator: Generator, random: Random, depth: number, need: Precision): Query =>
  aggregate(generator, 'limit_ratio', literal(random.pick(words.ratios)), generator.vector(depth, need));

/** Without `offset` and `@`: Prometheus loads the info series for the time of the selector, and evaluates them at its own. */
function info(generator: Generator, random: Random): Query {
  const selector = { ...generator.selector(), ...unshifted };
  const matchers = random.chance(0.5) ? [literal(random.pick(words.infoMatchers))] : [];
  return call('info', random.chance(0.7) ? selector : call('abs', selector), ...matchers);
}

/** A range that begins and ends with a value. */
function extended(generator: Generator, random: Random, need: Precision): Query {
  const extension = need === approximate ? random.pick(['anchored', 'smoothed']) : 'anchored';
  const functions = extension === 'anchored' ? anchoredFunctions : smoothedFunctions;
  const func = need === approximate ? random.pick(functions) : 'changes';
  return call(func, { kind: 'range', of: generator.selector(), range: random.pick(words.ranges), extension });
}

/** The buckets whose bounds are spelled in one way: histogram_quantiles joins others once for each of its quantiles. */
function classicHistogram(generator: Generator, random: Random): Query {
  const of = generator.named(['latency_seconds_bucket']);
  if (random.chance(0.5)) {
    return call(
      'histogram_quantiles',
      of,
      literal('"share"'),
      literal('0.5'),
      literal(random.pick(words.parameters.share)),
    );
  }
  return call('histogram_fraction', literal(random.pick(words.numbers)), literal(random.pick(words.numbers)), of);
}

/** Arithmetic that puts a value where a side has no series. */
function filled(generator: Generator, random: Random, depth: number): Query {
  const labels = random.subset(['job', 'instance', 'route']);
  const side = () => generator.aggregateBy(labels, depth, identical);
  const fill = random.pick(words.fills);
  const matching = random.chance(0.5) ? `on (${labels.join(', ')}) ${fill}` : fill;
  return generator.binary(random.pick(['+', '*', '/', '-', '==', '>']), side(), side(), { matching });
}

/** Over the samples of one series in their order, so that even sums that overflow are the same. */
const extreme = (generator: Generator, random: Random): Query =>
  call(random.pick(words.overTime), {
    kind: 'range',
    of: generator.named(['extreme']),
    range: random.pick(words.ranges),
  });
