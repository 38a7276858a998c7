import { sorted } from '../labels.ts';
import { numberOf, parseDuration, unquote } from '../parser/literals.ts';
import type { Labels } from '../source.ts';

/** Scripts in Prometheus' test language (promql/promqltest/README.md), float samples only. */

/** One point per step of a series: a value, a gap, a stale marker, or a native histogram, which is not supported. */
export type Point = number | 'gap' | 'stale' | 'histogram';

export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

export interface Expectation {
  /** Undefined: no failure is expected. */
  fail?: { readonly message?: string; readonly pattern?: RegExp };
  ordered: boolean;
  text?: string;
  rangeVector?: { readonly start: number; readonly step: number };
  scalar?: number;
  readonly series: SeriesLine[];
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

export type Command =
  | { readonly kind: 'clear' }
  | { readonly kind: 'load'; readonly interval: number; readonly series: readonly SeriesLine[] }
  | EvalCommand;

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

const EVAL =
  /^eval(?:_(fail|ordered|warn|info))?\s+(?:instant(?:\s+at\s+(\S+))?|range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))\s+(.*)$/s;

/** @throws ScriptError that names the line. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n');
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; ) {
    const head = withoutComment(lines[i]!);
    const at = i + 1;
    i++;
    if (head === '') continue;
    const body: string[] = [];
    while (i < lines.length && lines[i]!.trim() !== '' && !/^(eval|load|clear)/.test(lines[i]!.trim())) {
      const line = withoutComment(lines[i]!);
      if (line !== '') body.push(line);
      i++;
    }
    try {
      commands.push(parseCommand(head, body, at));
    } catch (error) {
      throw new ScriptError(`line ${at}: ${(error as Error).message}`);
    }
  }
  return commands;
}

function withoutComment(line: string): string {
  return line.trim().startsWith('#') ? '' : line.trim();
}

function parseCommand(head: string, body: readonly string[], line: number): Command {
  if (head === 'clear') return { kind: 'clear' };
  const load = /^load(?:_with_nhcb)?\s+(\S+)$/.exec(head);
  if (load) return { kind: 'load', interval: parseDuration(load[1]!), series: body.flatMap(loadLine) };
  const found = EVAL.exec(head);
  if (!found) throw new ScriptError(`not a command: ${head}`);
  const [, flavour, at, from, to, step, query] = found;
  const expected = parseExpectation(flavour, body, step === undefined);
  if (step === undefined) {
    const time = timeOf(at ?? '0');
    return { kind: 'eval', line, query: query!, start: time, end: time, expected };
  }
  return { kind: 'eval', line, query: query!, start: timeOf(from!), end: timeOf(to!), step: timeOf(step), expected };
}

function timeOf(text: string): number {
  return text.startsWith('-') ? -parseDuration(text.slice(1)) : parseDuration(text);
}

/** Lines of start timestamps (`@st`) describe what float samples cannot carry. */
function loadLine(line: string): SeriesLine[] {
  return /@st/.test(line) ? [] : [parseSeriesLine(line)];
}

function parseExpectation(flavour: string | undefined, body: readonly string[], instant: boolean): Expectation {
  const expected: Expectation = { ordered: flavour === 'ordered', series: [] };
  if (flavour === 'fail') expected.fail = {};
  for (const line of body) {
    if (/^expected_fail|^expect\b/.test(line)) parseExpectLine(line, expected);
    else if (instant && numberOf(line) !== undefined) expected.scalar = numberOf(line)!;
    else expected.series.push(parseSeriesLine(line));
  }
  return expected;
}

function parseExpectLine(line: string, expected: Expectation): void {
  const fail = /^(?:expect fail|expected_fail)(?:[_ ]*(msg|message|regex|regexp):?\s*(.*))?$/.exec(line);
  if (fail) {
    const argument = fail[2]?.trim() ?? '';
    const text = /^["`]/.test(argument) ? (unquote(argument) ?? argument) : argument;
    if (fail[1] === undefined) expected.fail = {};
    else expected.fail = fail[1].startsWith('m') ? { message: text } : { pattern: new RegExp(text) };
    return;
  }
  if (/^expect ordered$/.test(line)) expected.ordered = true;
  const text = /^expect string\s+(.*)$/.exec(line);
  if (text) expected.text = unquote(text[1]!) ?? '';
  const range = /^expect range vector from (\S+) to (\S+) step (\S+)$/.exec(line);
  if (range) expected.rangeVector = { start: timeOf(range[1]!), step: timeOf(range[3]!) };
}

const LABEL = /\s*("(?:\\.|[^"\\])*"|[\w.:]+)\s*(?:=\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`))?\s*(,|\})/y;

export function parseSeriesLine(line: string): SeriesLine {
  const labels = new Map<string, string>();
  const name = /^[A-Za-z_:][\w:]*/.exec(line)?.[0] ?? '';
  if (name !== '') labels.set('__name__', name);
  let at = name.length;
  while (line[at] === ' ') at++;
  if (line[at] === '{' && line[at + 1] !== '{') {
    at++;
    while (/\s/.test(line[at] ?? '')) at++;
    let more = line[at] !== '}';
    if (!more) at++;
    while (more) {
      LABEL.lastIndex = at;
      const found = LABEL.exec(line);
      if (!found) throw new ScriptError(`bad labels in: ${line}`);
      const [whole, label, value, end] = found;
      const plain = label!.startsWith('"') ? unquote(label!)! : label!;
      if (value === undefined) labels.set('__name__', plain);
      else if (unquote(value) !== '') labels.set(plain, unquote(value)!);
      at += whole.length;
      more = end === ',' && !/^\s*\}/.test(line.slice(at));
      if (end === ',' && !more) at = line.indexOf('}', at) + 1;
    }
  }
  return { labels: sorted(labels), points: pointsOf(line.slice(at)) };
}

const NUMBER = String.raw`[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[Ii]nf|NaN|nan)`;
const POINT = new RegExp(`^(${NUMBER})(?:([-+](?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?))?(?:x(\\d+))?$`);

function pointsOf(text: string): Point[] {
  const words = text
    .replace(/\{\{.*?\}\}([-+]\{\{.*?\}\})?/g, 'histogram')
    .trim()
    .split(/\s+/);
  return words.filter((word) => word !== '').flatMap(expandPoint);
}

function expandPoint(word: string): Point[] {
  const special = /^(_|stale|histogram)(?:x(\d+))?$/.exec(word);
  if (special) {
    const point = special[1] === '_' ? 'gap' : (special[1] as Point);
    const repeated = special[2] === undefined ? 1 : Number(special[2]) + (point === 'gap' ? 0 : 1);
    return new Array<Point>(repeated).fill(point);
  }
  const found = POINT.exec(word);
  const first = found ? numberOf(found[1]!) : undefined;
  if (!found || first === undefined) throw new ScriptError(`bad point "${word}"`);
  const increment = found[2] === undefined ? 0 : numberOf(found[2])!;
  const times = Number(found[3] ?? 0);
  const points: Point[] = [];
  for (let i = 0, value = first; i <= times; i++, value += increment) points.push(value);
  return points;
}
