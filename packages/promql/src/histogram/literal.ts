import { numberOf } from '../parser/literals.ts';
import { formatGeneral } from '../result/numbers.ts';
import { populated } from './buckets.ts';
import {
  type Buckets,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
  isCustom,
  NO_BUCKETS,
  type ResetHint,
} from './histogram.ts';

/** A histogram literal that cannot be read; the message is Prometheus'. */
export class HistogramLiteralError extends Error {
  override readonly name = 'HistogramLiteralError';
  /** Place in the text, from 0; undefined for what concerns the literal as a whole. */
  readonly offset: number | undefined;

  constructor(message: string, offset: number | undefined) {
    super(message);
    this.offset = offset;
  }
}

export interface LiteralMatch {
  readonly histogram: FloatHistogram;
  /** The literal names its counter reset hint, even if as unknown. */
  readonly hintGiven: boolean;
  /** Offset after the closing braces. */
  readonly end: number;
}

/**
 * The histogram that `{{schema:1 sum:3 count:2 buckets:[1 1]}}` describes, in the notation of Prometheus' test language.
 * @throws HistogramLiteralError, also if anything follows
 */
export function parseHistogramLiteral(text: string): FloatHistogram {
  const { histogram, end } = readHistogramLiteral(text, 0);
  if (end !== text.length) throw unexpected(text, end, 'series values');
  return histogram;
}

/**
 * Reads the literal that begins at `offset`, and leaves what follows it.
 * @throws HistogramLiteralError
 */
export function readHistogramLiteral(text: string, offset: number): LiteralMatch {
  const reader = new LiteralReader(text, offset);
  const properties = reader.read();
  return { histogram: histogramOf(properties), hintGiven: properties.has('counter_reset_hint'), end: reader.at };
}

type Value = number | Float64Array | ResetHint;

type Kind = 'integer' | 'number' | 'numbers' | 'hint';

/** Kind of value, and the number that Prometheus' messages call the word by. */
const PROPERTIES: ReadonlyMap<string, readonly [kind: Kind, token: number]> = new Map([
  ['sum', ['number', 57370]],
  ['count', ['number', 57371]],
  ['schema', ['integer', 57372]],
  ['offset', ['integer', 57373]],
  ['n_offset', ['integer', 57374]],
  ['buckets', ['numbers', 57375]],
  ['n_buckets', ['numbers', 57376]],
  ['z_bucket', ['number', 57377]],
  ['z_bucket_w', ['number', 57378]],
  ['custom_values', ['numbers', 57379]],
  ['counter_reset_hint', ['hint', 57380]],
]);

const HINTS: ReadonlyMap<string, number> = new Map([
  ['unknown', 57445],
  ['reset', 57446],
  ['not_reset', 57447],
  ['gauge', 57448],
]);

const SPACE = /[ \t\r\n]+/y;
const WORD = /[A-Za-z_]+/y;
const NUMBER = /0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|inf|nan/iy;

class LiteralReader {
  at: number;
  private readonly text: string;

  constructor(text: string, offset: number) {
    this.text = text;
    this.at = offset;
  }

  read(): Map<string, Value> {
    const properties = new Map<string, Value>();
    if (!this.skip('{{')) throw unexpected(this.text, this.at, 'series values');
    if (this.skipSpace()) {
      if (!this.skip('}}')) throw unexpected(this.text, this.at, 'series values');
      return properties;
    }
    while (!this.skip('}}')) {
      const name = this.property(properties.size > 0);
      const value = this.value(PROPERTIES.get(name)![0]);
      if (properties.has(name)) throw new HistogramLiteralError(`duplicate key "${name}" in histogram`, undefined);
      properties.set(name, value);
      if (!this.skipSpace() && !this.text.startsWith('}}', this.at)) throw this.unexpectedProperty();
    }
    return properties;
  }

  private property(continued: boolean): string {
    const start = this.at;
    const word = this.match(WORD);
    if (word === undefined) throw continued ? this.unexpectedProperty() : unexpected(this.text, start, 'series values');
    const name = word.toLowerCase();
    if (!PROPERTIES.has(name)) throw badWord(word, start);
    if (!this.skip(':')) throw new HistogramLiteralError('missing `:` for histogram descriptor', start);
    return name;
  }

  private value(kind: Kind): Value {
    switch (kind) {
      case 'integer':
        return this.integer();
      case 'number':
        return this.number();
      case 'numbers':
        return this.numbers();
      case 'hint':
        return this.hint();
    }
  }

  private integer(): number {
    const sign = this.skip('-') ? -1 : 1;
    const start = this.at;
    const digits = this.match(NUMBER);
    if (digits === undefined) throw unexpected(this.text, start, 'series values');
    if (!/^\d+$/.test(digits)) {
      const reason = `strconv.ParseUint: parsing ${JSON.stringify(digits)}: invalid syntax`;
      throw new HistogramLiteralError(`invalid repetition in series values: ${reason}`, start);
    }
    return sign * Number(digits);
  }

  private number(): number {
    const sign = this.skip('-') ? -1 : 1;
    const digits = this.match(NUMBER);
    if (digits === undefined) throw unexpected(this.text, this.at, 'series values');
    return sign * numberOf(digits)!;
  }

  private numbers(): Float64Array {
    if (!this.skip('[')) throw unexpected(this.text, this.at, 'series values');
    const numbers = [this.number()];
    while (!this.skip(']')) {
      if (!this.skipSpace()) throw unexpected(this.text, this.at, 'series values');
      if (this.skip(']')) break;
      numbers.push(this.number());
    }
    return Float64Array.from(numbers);
  }

  private hint(): ResetHint {
    const start = this.at;
    const word = this.match(WORD);
    if (word === undefined) throw unexpected(this.text, start, 'series values');
    if (!HINTS.has(word.toLowerCase())) throw badWord(word, start);
    return word.toLowerCase() as ResetHint;
  }

  private unexpectedProperty(): HistogramLiteralError {
    const expected = 'histogram description, expected histogram description key, e.g. buckets:[5 10 7]';
    return unexpected(this.text, this.at, expected);
  }

  private skip(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  private skipSpace(): boolean {
    return this.match(SPACE) !== undefined;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}

function badWord(word: string, offset: number): HistogramLiteralError {
  return new HistogramLiteralError(`bad histogram descriptor found: ${JSON.stringify(word)}`, offset);
}

function unexpected(text: string, offset: number, context: string): HistogramLiteralError {
  return new HistogramLiteralError(`unexpected ${tokenAt(text, offset)} in ${context}`, offset);
}

/** What stands there as Prometheus' messages name it. */
function tokenAt(text: string, offset: number): string {
  const rest = text.slice(offset);
  if (rest === '') return 'end of input';
  const word = /^[A-Za-z_]+/.exec(rest)?.[0];
  const number = /^(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|inf\b|nan\b)/i.exec(rest)?.[0];
  if (number !== undefined) return `number ${JSON.stringify(number)}`;
  if (word === undefined) return JSON.stringify(/^(?:\s+|\{\{|\}\}|.)/.exec(rest)![0]);
  const token = PROPERTIES.get(word.toLowerCase())?.[1] ?? HINTS.get(word.toLowerCase());
  return token === undefined ? JSON.stringify(word) : `"<Item ${token}>" ${JSON.stringify(word)}`;
}

function histogramOf(properties: ReadonlyMap<string, Value>): FloatHistogram {
  const number = (name: string) => (properties.get(name) as number | undefined) ?? 0;
  const numbers = (name: string) => (properties.get(name) as Float64Array | undefined) ?? EMPTY_HISTOGRAM.bounds;
  return {
    schema: number('schema'),
    count: number('count'),
    sum: number('sum'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    positive: bucketsFrom(number('offset'), numbers('buckets')),
    negative: bucketsFrom(number('n_offset'), numbers('n_buckets')),
    bounds: numbers('custom_values'),
    resetHint: (properties.get('counter_reset_hint') as ResetHint | undefined) ?? 'unknown',
  };
}

function bucketsFrom(offset: number, counts: Float64Array): Buckets {
  if (counts.length === 0) return NO_BUCKETS;
  return populated(
    Int32Array.from(counts, (_, i) => offset + i),
    counts,
  );
}

/** The literal that describes a histogram (model/histogram/float_histogram.go, TestExpression). */
export function histogramLiteral(histogram: FloatHistogram): string {
  const { schema, count, sum, zeroCount, zeroThreshold, bounds, resetHint, positive, negative } = histogram;
  const parts: string[] = [];
  const part = (name: string, value: number) => {
    if (value !== 0) parts.push(`${name}:${formatGeneral(value)}`);
  };
  if (schema !== 0) parts.push(`schema:${schema}`);
  part('count', count);
  part('sum', sum);
  part('z_bucket', zeroCount);
  part('z_bucket_w', zeroThreshold);
  if (isCustom(histogram)) parts.push(`custom_values:${listOf(bounds)}`);
  if (resetHint !== 'unknown') parts.push(`counter_reset_hint:${resetHint}`);
  for (const [side, prefix] of [
    [positive, ''],
    [negative, 'n_'],
  ] as const) {
    if (side.indexes.length === 0) continue;
    const first = side.indexes[0]!;
    if (first !== 0) parts.push(`${prefix}offset:${first}`);
    parts.push(`${prefix}buckets:${listOf(withGaps(side))}`);
  }
  return `{{${parts.join(' ')}}}`;
}

function listOf(numbers: Float64Array): string {
  return `[${Array.from(numbers, formatGeneral).join(' ')}]`;
}

/** The counts from the first bucket to the last with 0 for those between that are not there. */
function withGaps({ indexes, counts }: Buckets): Float64Array {
  const first = indexes[0]!;
  const all = new Float64Array(indexes.at(-1)! - first + 1);
  for (let i = 0; i < indexes.length; i++) all[indexes[i]! - first] = counts[i]!;
  return all;
}
