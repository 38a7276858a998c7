import { identity } from '../labels.ts';
import { durationOf, numberOf } from '../parser/literals.ts';
import { addExpectation, type Expectation, equalText, expectationOf, expectedString, pattern } from './expectations.ts';
import { NotationError, parseSeriesLine, type SeriesLine } from './series.ts';
import { isStartLine, parseStartLine, type StartLine } from './startTimestamps.ts';

/** Scripts in Prometheus' test language (prometheus promql/promqltest/README.md). */

export interface LoadedSeries extends SeriesLine {
  /** One per point, if the script gives the start timestamps of this series. */
  readonly startOffsets?: readonly (number | 'gap')[];
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  /** Milliseconds between points; the first is at 0. */
  readonly interval: number;
  readonly series: readonly LoadedSeries[];
  /** Classic histograms are loaded once more as native ones with custom buckets. */
  readonly withCustomBuckets: boolean;
}

export interface EvalCommand {
  readonly kind: 'eval';
  /** Line in the script, from 1. */
  readonly line: number;
  readonly query: string;
  /** Milliseconds; `step` is absent in an instant query. */
  readonly start: number;
  readonly end: number;
  readonly step?: number;
  readonly expected: Expectation;
}

export type Command = { readonly kind: 'clear' } | LoadCommand | EvalCommand;

/** A script that is not in the language: `LINE: what is wrong`, with the file in front if one is given. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly line: number;

  constructor(reason: string, line: number, file?: string) {
    super(`${file ? `${file}:` : 'line '}${line}: ${reason}`);
    this.line = line;
  }
}

/** @throws ScriptError */
export function parseScript(text: string, file?: string): Command[] {
  const reader = new Reader(text);
  try {
    return [...reader.commands()];
  } catch (error) {
    if (error instanceof NotationError) throw new ScriptError(error.message, reader.line, file);
    throw error;
  }
}

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(.+?)\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;

/** Goes through the lines once; a comment counts as an empty line, and an empty line ends a command. */
class Reader {
  private readonly lines: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  }

  /** The line that was read last, from 1. */
  get line(): number {
    return this.at;
  }

  *commands(): Generator<Command> {
    while (this.at < this.lines.length) {
      const head = this.lines[this.at++]!;
      if (head === '') continue;
      const word = head.split(/[\t ]+/)[0]!.toLowerCase();
      if (word === 'clear') yield { kind: 'clear' };
      else if (word.startsWith('load')) yield this.load(head);
      else if (word.startsWith('eval')) yield this.evaluation(head);
      else throw new NotationError(`"${head}" is not a command: load, clear or eval`);
    }
  }

  private *body(): Generator<string> {
    while (this.at < this.lines.length && this.lines[this.at] !== '') yield this.lines[this.at++]!;
  }

  private load(head: string): LoadCommand {
    const line = this.at;
    const [, suffix, interval] = LOAD.exec(head) ?? [];
    if (interval === undefined) throw new NotationError('write: load[_with_nhcb] INTERVAL');
    const every = timeOf(interval);
    const series = new Map<string, LoadedSeries>();
    let starts: StartLine | undefined;
    for (const text of this.body()) {
      if (isStartLine(text)) {
        if (starts) throw new NotationError('an @st line needs the line of its series after it');
        starts = parseStartLine(text);
        continue;
      }
      const each = withStarts(parseSeriesLine(text), starts);
      series.set(identity(each.labels), each);
      starts = undefined;
    }
    if (starts) throw new NotationError('an @st line needs the line of its series after it');
    const withCustomBuckets = suffix !== undefined;
    return { kind: 'load', line, interval: every, series: [...series.values()], withCustomBuckets };
  }

  private evaluation(head: string): EvalCommand {
    const line = this.at;
    const instant = INSTANT.exec(head);
    if (instant) {
      const [, flavour, at, query] = instant;
      const time = timeOf(at!);
      return { kind: 'eval', line, query: query!, start: time, end: time, expected: this.expectation(flavour, true) };
    }
    const range = RANGE.exec(head);
    if (!range) {
      throw new NotationError('write: eval instant at TIME QUERY, or: eval range from START to END step STEP QUERY');
    }
    const [, flavour, from, to, every, query] = range;
    const bounds = rangeOf(from!, to!, every!);
    return { kind: 'eval', line, query: query!, ...bounds, expected: this.expectation(flavour, false) };
  }

  private expectation(flavour: string | undefined, instant: boolean): Expectation {
    const expected = expectationOf(flavour);
    const series = new Map<string, SeriesLine>();
    for (const text of this.body()) {
      const deprecated = flavour === 'fail' ? /^expected_fail_(message|regexp)(.*)$/.exec(text) : undefined;
      if (deprecated) {
        const source = deprecated[2]!.trim();
        expected.fail = deprecated[1] === 'message' ? equalText(source) : pattern(source);
        break;
      }
      if (/^expect(\s|$)/.test(text)) {
        expectLine(text, expected);
        continue;
      }
      const scalar = numberOf(text);
      if (scalar !== undefined) {
        expected.scalar = scalar;
        break;
      }
      const each = parseSeriesLine(text);
      if (instant && !expected.rangeVector && each.points.length !== 1) {
        throw new NotationError('an instant query has one value per series, unless "expect range vector" is stated');
      }
      series.set(identity(each.labels), each);
    }
    expected.series.push(...series.values());
    return expected;
  }
}

function expectLine(text: string, expected: Expectation): void {
  const range = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(text);
  if (range) expected.rangeVector = rangeOf(range[1]!, range[2]!, range[3]!);
  else if (text.startsWith('expect string')) expected.text = expectedString(text);
  else addExpectation(text, expected);
}

function withStarts(series: SeriesLine, starts: StartLine | undefined): LoadedSeries {
  if (!starts) return series;
  if (identity(starts.labels) !== identity(series.labels)) {
    throw new NotationError('the @st line before this one is of another series');
  }
  const { length } = series.points;
  if (starts.offsets.length !== length) {
    throw new NotationError(`the @st line has ${starts.offsets.length} offsets, this one ${length} points`);
  }
  return { ...series, startOffsets: starts.offsets };
}

function rangeOf(from: string, to: string, every: string): { start: number; end: number; step: number } {
  const [start, end, step] = [timeOf(from), timeOf(to), timeOf(every)];
  if (end < start) throw new NotationError(`the end ${to} is before the start ${from}`);
  return { start, end, step };
}

/** Milliseconds since the start of the data. */
function timeOf(text: string): number {
  const ms = text === '0' ? 0 : durationOf(text);
  if (ms === undefined) throw new NotationError(`"${text}" is not a duration such as 5m or 1h30m`);
  return ms;
}
