import { createEvaluator, type EvaluatorOptions } from '../engine/evaluator.ts';
import { formatLabels, identity } from '../labels.ts';
import type { QueryResult } from '../result/result.ts';
import type { Labels } from '../source.ts';
import { ArraySource } from './arraySource.ts';
import { type EvalCommand, type Point, parseScript, type SeriesLine } from './script.ts';

export interface CaseOutcome {
  readonly line: number;
  readonly query: string;
  /** Undefined if the case passed. */
  readonly failure?: string;
}

const TOLERANCE = 1e-6;

/** Runs every command of a script and says of each `eval` whether it answered as expected. */
export async function runScript(text: string, options: EvaluatorOptions = {}): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  let source = new ArraySource();
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') source = new ArraySource();
    else if (command.kind === 'load') source.load(command.interval, command.series);
    else {
      const failure = await runCase(command, source, options);
      outcomes.push({ line: command.line, query: command.query, ...(failure === undefined ? {} : { failure }) });
    }
  }
  return outcomes;
}

async function runCase(
  command: EvalCommand,
  source: ArraySource,
  options: EvaluatorOptions,
): Promise<string | undefined> {
  const { query, start, end, step, expected } = command;
  const evaluator = createEvaluator(source, options);
  let result: QueryResult;
  try {
    result = await (step === undefined ? evaluator.instant(query, start) : evaluator.range(query, start, end, step));
  } catch (error) {
    const { message } = error as Error;
    if (!expected.fail) return `failed: ${message}`;
    const { message: wanted, pattern } = expected.fail;
    if (wanted !== undefined && !message.endsWith(wanted)) return `failed with "${message}", expected "${wanted}"`;
    if (pattern && !pattern.test(message)) return `failed with "${message}", expected ${pattern}`;
    return undefined;
  }
  if (expected.fail) return 'should have failed';
  return step === undefined ? compareInstant(command, result) : compareMatrix(expected.series, result, start, step);
}

function compareInstant({ expected }: EvalCommand, result: QueryResult): string | undefined {
  switch (result.resultType) {
    case 'string':
      return result.value === expected.text ? undefined : `got "${result.value}"`;
    case 'scalar':
      return expected.scalar !== undefined && close(result.value, expected.scalar) ? undefined : `got ${result.value}`;
    case 'matrix': {
      const { start, step } = expected.rangeVector ?? { start: 0, step: 1 };
      return compareMatrix(expected.series, result, start, step);
    }
    case 'vector': {
      const got = result.samples.map((each) => ({ labels: each.labels, points: [each.value] }));
      return expected.ordered ? compareOrdered(expected.series, got) : compareSets(expected.series, got);
    }
  }
}

function compareMatrix(
  expected: readonly SeriesLine[],
  result: QueryResult,
  start: number,
  step: number,
): string | undefined {
  if (result.resultType !== 'matrix') return `got a ${result.resultType}`;
  const got = result.series.map(({ labels, timestamps, values }) => {
    const points: Point[] = [];
    timestamps.forEach((time, i) => {
      const index = Math.round((time - start) / step);
      while (points.length < index) points.push('gap');
      points[index] = values[i]!;
    });
    return { labels, points };
  });
  return compareSets(expected, got);
}

function compareOrdered(expected: readonly SeriesLine[], got: readonly SeriesLine[]): string | undefined {
  const misplaced = expected.findIndex((line, i) => !got[i] || identity(got[i].labels) !== identity(line.labels));
  if (misplaced >= 0) return `place ${misplaced + 1} has ${name(got[misplaced]?.labels)}`;
  return compareSets(expected, got);
}

function compareSets(expected: readonly SeriesLine[], got: readonly SeriesLine[]): string | undefined {
  const rest = new Map(got.map((line) => [identity(line.labels), line]));
  for (const line of expected) {
    const key = identity(line.labels);
    const found = rest.get(key);
    rest.delete(key);
    if (line.points.every((point) => point === 'gap') && !found) continue;
    if (!found) return `${name(line.labels)} is missing`;
    const length = Math.max(line.points.length, found.points.length);
    for (let i = 0; i < length; i++) {
      const [want, have] = [line.points[i] ?? 'gap', found.points[i] ?? 'gap'];
      if (!samePoint(want, have)) return `${name(line.labels)} has ${have} at ${i}, expected ${want}`;
    }
  }
  const extra = [...rest.values()][0];
  return extra && `${name(extra.labels)} ${extra.points.join(' ')} was not expected`;
}

function name(labels: Labels | undefined): string {
  return labels ? formatLabels(labels) : 'nothing';
}

function samePoint(a: Point, b: Point): boolean {
  return typeof a === 'number' && typeof b === 'number' ? close(a, b) : a === b;
}

function close(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || Math.abs(a) + Math.abs(b) < Number.MIN_VALUE) return difference < TOLERANCE * 2 ** -1022;
  return difference / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < TOLERANCE;
}
