import { spanMs } from './dataset.ts';
import type { DifferenceName } from './differences.ts';
import {
  aggregations,
  approximate,
  dyadic,
  type FunctionShape,
  identical,
  newerRangeFunctions,
  type Precision,
  rangeFunctions,
  type ScalarKind,
  smoothing,
  vectorFunctions,
} from './functions.ts';
import { newerVector, sortedByLabel } from './newer.ts';
import {
  type AggregateQuery,
  type BinaryQuery,
  call,
  literal,
  type Query,
  type SelectorQuery,
  type Shift,
  type SubqueryQuery,
  toText,
  unshifted,
} from './query.ts';
import type { Random } from './random.ts';
import * as words from './vocabulary.ts';

/** What both servers are asked: an instant query where there is no `range`. Times are Unix milliseconds. */
export interface Question {
  readonly query: Query;
  readonly time: number;
  readonly range?: { readonly step: number; readonly end: number };
}

export interface GeneratorOptions {
  readonly random: Random;
  /** Unix milliseconds of the first sample. */
  readonly base: number;
  readonly avoids: ReadonlySet<DifferenceName>;
  /** How deep functions, aggregations and operators are nested at most. */
  readonly depth: number;
}

function withoutAt(matrix: Query): Query {
  if (matrix.kind === 'range') return { ...matrix, of: { ...matrix.of, at: '' } };
  return matrix.kind === 'subquery' ? { ...matrix, at: '' } : matrix;
}

export function generateQuestion(options: GeneratorOptions): Question {
  const generator = new Generator(options);
  return generator.question();
}

/** Makes queries; what others build on is public. */
export class Generator {
  readonly #random: Random;
  readonly #base: number;
  readonly #avoids: ReadonlySet<DifferenceName>;
  readonly #depth: number;

  constructor({ random, base, avoids, depth }: GeneratorOptions) {
    this.#random = random;
    this.#base = base;
    this.#avoids = avoids;
    this.#depth = depth;
  }

  /** Whether both know what is new in the language; decides with that chance whether to use it. */
  #isNewer(chance: number): boolean {
    return !this.#avoids.has('olderLanguage') && this.#random.chance(chance);
  }

  question(): Question {
    const random = this.#random;
    const time = this.#time();
    const depth = random.int(1, this.#depth);
    if (random.chance(0.55)) return { query: this.#instantRoot(depth), time };
    const step = random.pick(words.steps);
    const end = time + step * random.int(0, 40) + random.int(0, Math.floor(step / 1000) - 1) * 1000;
    return {
      query: random.chance(0.05) ? this.scalar(depth) : this.vector(depth, approximate),
      time,
      range: { step, end },
    };
  }

  /** Seven milliseconds after a full second, where no sample is and no step of a subquery; any time where that is allowed. */
  #time(): number {
    const seconds = this.#random.int(-600, spanMs / 1000 + 600);
    const isWhole = !this.#avoids.has('leftOpen') && this.#random.chance(0.7);
    return this.#base + seconds * 1000 + (isWhole ? 0 : 7);
  }

  #instantRoot(depth: number): Query {
    return this.#random.weighted<() => Query>([
      [80, () => this.vector(depth, approximate)],
      [4, () => this.scalar(depth)],
      [5, () => this.matrix(0, approximate)],
      [1, () => literal(this.#random.pick(words.strings))],
      [6, () => call(this.#random.pick(['sort', 'sort_desc']), this.vector(depth - 1, approximate))],
      [4, () => this.#highest(this.vector(depth - 1, approximate), false)],
      [this.#isNewer(1) ? 3 : 0, () => sortedByLabel(this, this.#random)],
      [4, () => this.#faulty(depth)],
    ])();
  }

  /** An instant vector whose values are at least as precise as asked. */
  vector(depth: number, need: Precision): Query {
    if (depth <= 0) return this.selector();
    const inner = depth - 1;
    return this.#random.weighted<() => Query>([
      [2, () => this.selector()],
      [8, () => this.#ofRange(inner, need)],
      [5, () => this.#ofVector(inner, need)],
      [9, () => this.#aggregate(inner, need)],
      [2, () => this.#highest(this.distinct(), true)],
      [2, () => this.#countValues(inner)],
      [5, () => this.#withScalar(inner, need)],
      [8, () => this.#betweenVectors(inner, need)],
      [4, () => this.#set(inner, need)],
      [1, () => ({ kind: 'unary', op: this.#random.pick(['-', '+']), of: this.vector(inner, need) })],
      [need === approximate ? 4 : 0, () => this.#histogramQuantile(inner)],
      [2, () => this.#relabelled(inner, need)],
      [1, () => call('absent', this.vector(inner, approximate))],
      [2, () => this.#timestamps(inner, need)],
      [this.#isNewer(1) ? 4 : 0, () => newerVector(this, this.#random, inner, need)],
      [1, () => call('vector', need === dyadic ? literal(this.#random.pick(words.dyadics)) : this.scalar(inner, need))],
    ])();
  }

  selector(names: readonly string[] = words.names): SelectorQuery {
    const random = this.#random;
    if (names === words.names && this.#isNewer(0.05)) return this.selector(['target_info']);
    const isNamed = random.chance(0.95);
    const matchers = this.#matchers();
    return {
      kind: 'selector',
      name: isNamed ? random.pick(names) : '',
      matchers: isNamed ? matchers : [random.pick(words.nameMatchers), ...matchers],
      ...this.#shift(0.2),
    };
  }

  /** Mostly of labels that most series have, so that something is left. */
  #matchers(): string[] {
    const random = this.#random;
    if (random.chance(0.55)) return [];
    const common = random.subset(words.commonMatchers, 1 / words.commonMatchers.length);
    return random.chance(0.3) ? [...common, random.pick(words.matchers)] : common;
  }

  #shift(chance: number): Shift {
    const random = this.#random;
    if (!random.chance(chance)) return unshifted;
    return random.weighted<() => Shift>([
      [this.#isNewer(1) ? 1 : 0, () => ({ offset: random.pick(words.newerOffsets), at: '' })],
      [3, () => ({ offset: random.pick(words.offsets), at: '' })],
      [1, () => ({ offset: '', at: this.#at() })],
      [1, () => ({ offset: random.pick(words.offsets), at: this.#at() })],
    ])();
  }

  #at(): string {
    return this.#random.pick([(this.#time() / 1000).toFixed(3), 'start()', 'end()']);
  }

  matrix(depth: number, need: Precision): Query {
    const random = this.#random;
    if (depth <= 0 || random.chance(0.7)) {
      const range = random.pick(this.#isNewer(0.15) ? words.newerRanges : words.ranges);
      return { kind: 'range', of: this.selector(), range };
    }
    const [range, step] = random.pick<readonly [string, string]>(
      this.#isNewer(0.15) ? words.newerSubqueries : words.subqueries,
    );
    return {
      kind: 'subquery',
      of: this.vector(depth - 1, need),
      // Steps of a subquery are at multiples of its resolution; its lower end must not be one.
      range: this.#avoids.has('leftOpen') ? `${range}3ms` : range,
      step,
      ...this.#shift(0.15),
    } satisfies SubqueryQuery;
  }

  #usable(shapes: readonly FunctionShape[], need: Precision): FunctionShape {
    return this.#random.pick(shapes.filter(({ result }) => result === 'keeps' || result <= need));
  }

  /** What the operand of a function has to be so that its result is what is needed. */
  #operandOf({ operand, result }: FunctionShape, need: Precision): Precision {
    return result === 'keeps' ? need : operand;
  }

  #ofRange(depth: number, need: Precision): Query {
    const isSmoothing = need === approximate && this.#random.chance(0.04);
    const shapes = this.#isNewer(0.2) ? [...rangeFunctions, ...newerRangeFunctions] : rangeFunctions;
    const shape = isSmoothing ? smoothing : this.#usable(shapes, need);
    if (this.#avoids.has('halfInterval') && (shape.name === 'rate' || shape.name === 'increase')) {
      return call(shape.name, {
        kind: 'range',
        of: this.named(words.counters),
        range: this.#random.pick(words.ranges),
      });
    }
    const matrix = this.matrix(depth, this.#operandOf(shape, need));
    const isScoped =
      shape.name === 'predict_linear' && this.#avoids.has(matrix.kind === 'range' ? 'scopedRange' : 'scopedSubquery');
    return call(shape.name, ...this.#around(shape, isScoped ? withoutAt(matrix) : matrix));
  }

  #ofVector(depth: number, need: Precision): Query {
    const shape = this.#usable(vectorFunctions, need);
    return call(shape.name, ...this.#around(shape, this.vector(depth, this.#operandOf(shape, need))));
  }

  #around({ leading = [], parameters = [] }: FunctionShape, operand: Query): Query[] {
    const scalar = (kind: ScalarKind) => this.#parameter(kind);
    return [...leading.map(scalar), operand, ...parameters.map(scalar)];
  }

  #parameter(kind: ScalarKind): Query {
    return kind === 'any' && this.#random.chance(0.2)
      ? this.scalar(1, identical)
      : literal(this.#random.pick(words.parameters[kind]));
  }

  grouping(): Pick<AggregateQuery, 'grouping'> {
    const random = this.#random;
    if (random.chance(0.3)) return {};
    return { grouping: { keep: random.chance(0.7), labels: random.subset(words.labelNames, 0.25) } };
  }

  #aggregate(depth: number, need: Precision): Query {
    const shape = this.#usable(aggregations, need);
    const [param] = shape.leading ? [literal(this.#random.pick(words.parameters.share))] : [];
    const isDeviation = shape.name === 'stddev' || shape.name === 'stdvar';
    const of =
      isDeviation && this.#avoids.has('infiniteDeviation')
        ? this.named(words.finite)
        : this.vector(depth, this.#operandOf(shape, need));
    return { kind: 'aggregate', op: shape.name, ...this.grouping(), of, ...(param && { param }) };
  }

  /** Where values are equal, which of them is chosen is not defined: so it is nested over what is `distinct` only. */
  #highest(of: Query, canGroup: boolean): Query {
    const param = literal(this.#random.pick(words.counts));
    const grouping = canGroup ? this.grouping() : {};
    return { kind: 'aggregate', op: this.#random.pick(['topk', 'bottomk']), ...grouping, param, of };
  }

  /** Series that never have the same value. */
  distinct(): Query {
    const selector = this.named(['temperature']);
    return this.#random.chance(0.5) ? selector : { kind: 'unary', op: '-', of: selector };
  }

  /** A selector of one of these metrics and no other. */
  named(names: readonly string[]): SelectorQuery {
    const selector = this.selector(names);
    return selector.name === '' ? { ...selector, name: this.#random.pick(names), matchers: [] } : selector;
  }

  #countValues(depth: number): Query {
    const param = literal(this.#random.pick(['"value"', '"job"', '"count"']));
    const grouping = this.#avoids.has('countValuesGrouping') ? {} : this.grouping();
    return { kind: 'aggregate', op: 'count_values', ...grouping, param, of: this.vector(depth, identical) };
  }

  binary(op: string, left: Query, right: Query, more: Partial<BinaryQuery> = {}): Query {
    return { kind: 'binary', op, bool: false, matching: '', left, right, bare: this.#random.chance(0.1), ...more };
  }

  /** An operator, what its operands have to be, and whether it has `bool`. */
  #operator(need: Precision): { op: string; operand: Precision; bool: boolean } {
    const random = this.#random;
    if (random.chance(0.4)) {
      const bool = random.chance(0.4);
      return { op: random.pick(words.comparisons), operand: need === dyadic && !bool ? dyadic : identical, bool };
    }
    if (need === dyadic) return { op: random.pick(['+', '-']), operand: dyadic, bool: false };
    if (need === identical) return { op: random.pick(['+', '-', '*', '/', '%']), operand: identical, bool: false };
    if (random.chance(0.4)) return { op: random.pick(['*', '/']), operand: approximate, bool: false };
    const atan2 = this.#avoids.has('atan2Name') ? [] : ['atan2'];
    return { op: random.pick(['+', '-', '*', '/', '%', '^', ...atan2]), operand: identical, bool: false };
  }

  #withScalar(depth: number, need: Precision): Query {
    const { op, operand, bool } = this.#operator(need);
    const vector = this.vector(depth, operand);
    const scalar =
      operand === dyadic || this.#random.chance(0.7)
        ? literal(this.#random.pick(operand === dyadic ? words.dyadics : words.numbers))
        : this.scalar(depth, operand);
    return this.#random.chance(0.7)
      ? this.binary(op, vector, scalar, { bool })
      : this.binary(op, scalar, vector, { bool });
  }

  #betweenVectors(depth: number, need: Precision): Query {
    const { op, operand, bool } = this.#operator(need);
    const isFilter = words.comparisons.includes(op) && !bool;
    const { left, right, matching } =
      isFilter && this.#avoids.has('filterMatching') ? this.#oneToOne(depth, operand) : this.#operands(depth, operand);
    return this.binary(op, left, right, { bool, matching });
  }

  #set(depth: number, need: Precision): Query {
    const random = this.#random;
    const on = random.chance(0.5) ? `${random.pick(['on', 'ignoring'])} (${this.#labels()})` : '';
    const op = random.pick(['and', 'or', 'unless']);
    return this.binary(op, this.vector(depth, need), this.vector(depth, need), { matching: on });
  }

  #histogramQuantile(depth: number): Query {
    const random = this.#random;
    const share = literal(random.pick(words.parameters.share));
    const buckets = this.selector(['latency_seconds_bucket']);
    const rate = call(random.pick(['rate', 'increase']), {
      kind: 'range',
      of: buckets,
      range: random.pick(words.ranges),
    });
    const of = random.weighted<() => Query>([
      [
        4,
        () => ({
          kind: 'aggregate',
          op: 'sum',
          grouping: { keep: true, labels: ['le', ...random.subset(['job', 'route'])] },
          of: rate,
        }),
      ],
      [3, () => rate],
      [2, () => this.selector(['latency_seconds_bucket', 'broken_bucket'])],
      [1, () => this.vector(depth, approximate)],
    ])();
    return call('histogram_quantile', share, of);
  }

  #relabelled(depth: number, need: Precision): Query {
    const random = this.#random;
    const of = this.vector(depth, need);
    if (random.chance(0.3)) {
      const separator = random.pick(['"-"', '""', '"/"']);
      const sources = random.subset(words.labelNames, 0.4).map((name) => literal(`"${name}"`));
      return call('label_join', of, literal(random.pick(words.targets)), literal(separator), ...sources);
    }
    const [replacement, pattern] = random.pick(words.replacements);
    const source = literal(`"${random.pick(words.labelNames)}"`);
    return call(
      'label_replace',
      of,
      literal(random.pick(words.targets)),
      literal(replacement),
      source,
      literal(pattern),
    );
  }

  #timestamps(depth: number, need: Precision): Query {
    if (need === dyadic)
      return call(this.#random.pick(['minute', 'hour', 'month']), this.selector(['start_time_seconds']));
    const of = this.#random.chance(0.4) ? this.vector(depth, approximate) : this.selector();
    const isForgotten = of.kind === 'selector' && of.at !== '' && this.#avoids.has('shiftedTimestamp');
    return call('timestamp', isForgotten ? { ...of, offset: '' } : of);
  }

  #labels(): string {
    return this.#random.subset(words.labelNames, 0.3).join(', ');
  }

  /** Two vectors and how they are matched, mostly so that they find each other. */
  #operands(depth: number, need: Precision): Pick<BinaryQuery, 'left' | 'right' | 'matching'> {
    const random = this.#random;
    return random.weighted<() => Pick<BinaryQuery, 'left' | 'right' | 'matching'>>([
      [3, () => this.#alike()],
      [3, () => this.#grouped(depth, need)],
      [3, () => this.#manyToOne(depth, need)],
      [
        2,
        () => ({
          left: this.vector(depth, need),
          right: this.vector(depth, need),
          matching: random.chance(0.6) ? `${random.pick(['on', 'ignoring'])} (${this.#labels()})` : '',
        }),
      ],
    ])();
  }

  /** The same metric twice, perhaps at different times. */
  #alike(): Pick<BinaryQuery, 'left' | 'right' | 'matching'> {
    const names = [this.#random.pick(words.names)];
    return { left: this.selector(names), right: this.selector(names), matching: '' };
  }

  aggregateBy(labels: readonly string[], depth: number, need: Precision): Query {
    const op = need === dyadic ? this.#random.pick(['sum', 'max', 'count']) : 'max';
    return { kind: 'aggregate', op, grouping: { keep: true, labels }, of: this.vector(depth - 1, need) };
  }

  #oneToOne(depth: number, need: Precision): Pick<BinaryQuery, 'left' | 'right' | 'matching'> {
    const labels = this.#random.subset(['job', 'instance', 'route']);
    const side = () => this.aggregateBy(labels, depth, need);
    return { left: side(), right: side(), matching: '' };
  }

  #grouped(depth: number, need: Precision): Pick<BinaryQuery, 'left' | 'right' | 'matching'> {
    const random = this.#random;
    if (random.chance(0.5)) return this.#oneToOne(depth, need);
    const labels = random.subset(['job', 'instance', 'route']);
    const one = this.aggregateBy(labels, depth, need);
    const many = this.aggregateBy([...labels, ...random.subset(['code'])], depth, need);
    return random.chance(0.5)
      ? { left: many, right: one, matching: `on (${labels.join(', ')}) group_left ()` }
      : { left: one, right: many, matching: 'ignoring (code) group_right ()' };
  }

  #manyToOne(depth: number, need: Precision): Pick<BinaryQuery, 'left' | 'right' | 'matching'> {
    const random = this.#random;
    const many = random.chance(0.6) ? this.selector() : this.vector(depth, need);
    const one: Query = random.chance(0.6)
      ? { kind: 'selector', name: 'build_info', matchers: [], ...unshifted }
      : {
          kind: 'aggregate',
          op: 'max',
          grouping: { keep: true, labels: ['job', 'instance'] },
          of: this.vector(depth - 1, need),
        };
    const on = random.pick(['on (job, instance)', 'on (instance, job)', 'on (job)']);
    const carried = random.subset(['version', 'note', 'nothing', 'job'], 0.3).join(', ');
    return random.chance(0.6)
      ? { left: many, right: one, matching: `${on} group_left (${carried})` }
      : { left: one, right: many, matching: `${on} group_right (${carried})` };
  }

  scalar(depth: number, need: Precision = approximate): Query {
    const random = this.#random;
    if (depth <= 0) return literal(random.pick(need === dyadic ? words.dyadics : words.numbers));
    return random.weighted<() => Query>([
      [3, () => literal(random.pick(words.numbers))],
      [1, () => call('time')],
      [1, () => call('pi')],
      [need > dyadic && this.#isNewer(1) ? 2 : 0, () => literal(random.pick(words.newerScalars))],
      [3, () => call('scalar', this.vector(depth - 1, need))],
      [
        2,
        () =>
          this.binary(
            random.pick(['+', '-', '*', '/', '%', '^']),
            this.scalar(depth - 1, need),
            this.scalar(depth - 1, need),
          ),
      ],
    ])();
  }

  /** What has to be refused, around something that is right. */
  #faulty(depth: number): Query {
    const inside = toText(this.vector(depth - 1, approximate));
    return literal(this.#random.pick(words.faults).replaceAll('…', inside));
  }
}
