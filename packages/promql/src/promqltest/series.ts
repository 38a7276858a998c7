import { add, subtract } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { HistogramLiteralError, type LiteralMatch, readHistogramLiteral } from '../histogram/literal.ts';
import { sorted } from '../labels.ts';
import { unquote } from '../parser/literals.ts';
import type { Labels } from '../source.ts';

/** The notation of series in test scripts (prometheus docs/configuration/unit_testing_rules.md#series): `up{job="a"} 1 2+3x4 _ stale`. */

export interface HistogramPoint {
  readonly histogram: FloatHistogram;
  /** Whether the text states a `counter_reset_hint`; only then is it compared. */
  readonly hintStated: boolean;
}

/** One step of a series. */
export type Point = number | 'gap' | 'stale' | HistogramPoint;

export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** A text that is not in the notation. */
export class NotationError extends Error {
  override readonly name = 'NotationError';
  /** Where in the line, from 0; undefined if it is about the line as a whole. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/** @throws NotationError */
export function parseSeriesLine(line: string): SeriesLine {
  const { labels, end } = readMetric(line);
  return { labels, points: [...readPoints(line, end)] };
}

const QUOTED = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/.source;
const LABEL = new RegExp(String.raw`\s*(${QUOTED}|[A-Za-z_]\w*)\s*(?:=\s*(${QUOTED}))?\s*`, 'y');

/** The labels at the front of a line and where they end. @throws NotationError */
export function readMetric(line: string): { labels: Labels; end: number } {
  const labels = new Map<string, string>();
  const name = /^[A-Za-z_:][\w:]*/.exec(line)?.[0] ?? '';
  if (name !== '') labels.set('__name__', name);
  let at = name.length;
  const open = /^\s*\{(?!\{)/.exec(line.slice(at));
  if (open) at = readLabels(line, at + open[0].length, labels);
  else if (name === '') throw new NotationError(`a series begins with its name or with {, not with "${line}"`);
  if (at < line.length && !/\s/.test(line[at]!)) {
    throw new NotationError(`unexpected "${line[at]}" after the labels`, at);
  }
  for (const [label, value] of labels) if (value === '') labels.delete(label);
  return { labels: sorted(labels), end: at };
}

/** Reads up to the closing brace; returns the offset after it. */
function readLabels(line: string, from: number, labels: Map<string, string>): number {
  let at = from;
  for (;;) {
    const close = /^\s*\}/.exec(line.slice(at));
    if (close) return at + close[0].length;
    LABEL.lastIndex = at;
    const found = LABEL.exec(line);
    if (!found) throw new NotationError(`not a label: "${line.slice(at)}"`);
    const [whole, label, value] = found;
    const plain = /^["'`]/.test(label!) ? textOf(label!) : label!;
    if (value !== undefined) labels.set(plain, textOf(value));
    else if (plain !== label) labels.set('__name__', plain);
    else throw new NotationError(`label "${label}" has no value`);
    at += whole.length;
    if (line[at] === ',') at++;
    else if (line[at] !== '}') throw new NotationError(`expected "," or "}" at "${line.slice(at)}"`);
  }
}

function textOf(literal: string): string {
  const text = unquote(literal);
  if (text === undefined) throw new NotationError(`malformed string ${literal}`);
  return text;
}

const NUMBER = String.raw`(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[iI][nN][fF]|[nN][aA][nN])`;
const FLOATS = new RegExp(String.raw`^([-+]?${NUMBER})(?:([-+]${NUMBER})(?=x))?(?:x(\d+))?$`);
const REPEATED = /^(_|stale)(?:x(\d+))?$/;

function* readPoints(line: string, from: number): Generator<Point> {
  for (let at = from; at < line.length; ) {
    if (/\s/.test(line[at]!)) {
      at++;
      continue;
    }
    if (line.startsWith('{{', at)) {
      const { points, end } = readHistograms(line, at);
      yield* points;
      at = end;
      continue;
    }
    const item = /^\S+/.exec(line.slice(at))![0];
    yield* readItem(item, at);
    at += item.length;
  }
}

function readItem(item: string, at: number): Point[] {
  const word = REPEATED.exec(item);
  if (word) {
    const [, kind, times] = word;
    if (kind === 'stale' && times !== undefined) throw new NotationError('a stale marker cannot be repeated', at);
    return new Array<Point>(Number(times ?? 1)).fill(kind === '_' ? 'gap' : 'stale');
  }
  const found = FLOATS.exec(item);
  if (!found) throw new NotationError(`"${item}" is not a value, a gap (_), stale or a histogram`, at);
  const [, first, increment, times] = found;
  const points: number[] = [];
  const by = increment === undefined ? 0 : floatOf(increment);
  for (let i = 0, value = floatOf(first!); i <= Number(times ?? 0); i++) {
    points.push(value);
    if (increment !== undefined) value += by;
  }
  return points;
}

function floatOf(text: string): number {
  return Number(text.replace(/inf$/i, 'Infinity').replace(/^[-+]?nan$/i, 'NaN'));
}

/** One histogram, or a series of them such as `{{…}}+{{…}}x3`. */
function readHistograms(line: string, at: number): { points: Point[]; end: number } {
  const first = readHistogram(line, at);
  const operator = line[first.end];
  const other = operator === '+' || operator === '-' ? readHistogram(line, first.end + 1) : undefined;
  const after = (other ?? first).end;
  const [suffix, times] = /^(?:x(\d+))?(?=\s|$)/.exec(line.slice(after)) ?? [];
  if (suffix === undefined || (other && times === undefined)) {
    throw new NotationError(`unexpected "${line.slice(after)}" after a histogram`, after);
  }
  const end = after + suffix.length;
  const { hintGiven: hintStated } = other ?? first;
  let { histogram } = first;
  const points: Point[] = [{ histogram, hintStated }];
  for (let i = 0; i < Number(times ?? 0); i++) {
    if (other) histogram = combine(histogram, other.histogram, operator === '+', end);
    points.push({ histogram, hintStated });
  }
  return { points, end };
}

function readHistogram(line: string, at: number): LiteralMatch {
  try {
    return readHistogramLiteral(line, at);
  } catch (error) {
    if (error instanceof HistogramLiteralError) throw new NotationError(error.message, error.offset);
    throw error;
  }
}

function combine(base: FloatHistogram, by: FloatHistogram, plus: boolean, end: number): FloatHistogram {
  if (base.schema > by.schema) {
    const schemas = `from schema ${by.schema} to ${base.schema}`;
    throw new NotationError(`error combining histograms: cannot merge ${schemas}`, end - 1);
  }
  return (plus ? add(base, by) : subtract(base, by)).histogram;
}
