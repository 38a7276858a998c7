import type { FloatHistogram } from '../histogram/histogram.ts';
import { histogramLiteral } from '../histogram/literal.ts';
import { compareLabels, formatLabels, identity } from '../labels.ts';
import type { MatrixSeries, QueryResult, VectorSample } from '../result/result.ts';
import { almostEqual, almostEqualHistograms } from './almost.ts';
import type { Expectation, TextExpectation } from './expectations.ts';
import type { EvalCommand } from './script.ts';
import type { Point, SeriesLine } from './series.ts';

type Value = number | FloatHistogram;

/** Undefined if the answer is the expected one, else what is different: what was got, and what was expected. */
export function compareResult(command: EvalCommand, result: QueryResult): string | undefined {
  const { expected } = command;
  if (expected.scalar !== undefined && result.resultType !== 'scalar') {
    return `got a ${result.resultType}, expected the scalar ${expected.scalar}`;
  }
  switch (result.resultType) {
    case 'string': {
      const wanted = expected.text ?? '';
      return result.value === wanted ? undefined : `got the string "${result.value}", expected "${wanted}"`;
    }
    case 'scalar': {
      const wanted = expected.scalar;
      if (wanted === undefined) return `got the scalar ${result.value}, expected a vector or matrix`;
      return almostEqual(wanted, result.value) ? undefined : `got the scalar ${result.value}, expected ${wanted}`;
    }
    case 'matrix':
      return compareMatrix(command, result.series);
    case 'vector':
      return compareVector(expected, result.samples);
  }
}

function compareMatrix(command: EvalCommand, series: readonly MatrixSeries[]): string | undefined {
  const { expected } = command;
  if (expected.ordered) return 'got a matrix, expected an ordered vector';
  const misplaced = series.findIndex((each, i) => i > 0 && compareLabels(series[i - 1]!.labels, each.labels) > 0);
  if (misplaced >= 0) return `${formatLabels(series[misplaced]!.labels)} is not in order of labels`;
  const grid = expected.rangeVector ?? { start: command.start, end: command.end, step: command.step ?? 0 };
  const rest = new Map(expected.series.map((line) => [identity(line.labels), line]));
  for (const each of series) {
    const key = identity(each.labels);
    const line = rest.get(key);
    if (!line) return `${formatLabels(each.labels)} ${describeSeries(each)} was not expected`;
    rest.delete(key);
    const difference = compareSeries(line.points, each, grid);
    if (difference) return `${formatLabels(each.labels)} ${difference}; got ${describeSeries(each)}`;
  }
  return missing(rest.values());
}

function compareSeries(
  points: readonly Point[],
  { timestamps, values, histograms }: MatrixSeries,
  { start, end, step }: { start: number; end: number; step: number },
): string | undefined {
  const wanted = points.flatMap((point, i) => (point === 'gap' ? [] : [{ time: start + i * step, point }]));
  if (points.length > 1 && start + (points.length - 1) * step > end) {
    return `cannot have ${points.length} points in this range`;
  }
  if (wanted.length !== timestamps.length) return `has ${timestamps.length} points, expected ${wanted.length}`;
  for (const [i, { time, point }] of wanted.entries()) {
    const got = histograms?.[i] ?? values[i]!;
    if (timestamps[i] !== time) return `has a sample at ${timestamps[i]}, expected the next at ${time}`;
    if (!samePoint(point, got)) return `is ${describeValue(got)} at ${time}, expected ${describePoint(point)}`;
  }
  return undefined;
}

function compareVector(expected: Expectation, samples: readonly VectorSample[]): string | undefined {
  const rest = new Map(expected.series.map((line, place) => [identity(line.labels), { ...line, place }]));
  for (const [place, { labels, value, histogram }] of samples.entries()) {
    const key = identity(labels);
    const line = rest.get(key);
    const got = histogram ?? value;
    if (!line) return `${formatLabels(labels)} ${describeValue(got)} was not expected`;
    rest.delete(key);
    if (expected.ordered && line.place !== place) {
      return `${formatLabels(labels)} is at place ${place + 1}, expected at ${line.place + 1}`;
    }
    const wanted = line.points[0] ?? 'gap';
    if (!samePoint(wanted, got)) {
      return `${formatLabels(labels)} is ${describeValue(got)}, expected ${describePoint(wanted)}`;
    }
  }
  return missing(rest.values());
}

function missing(rest: Iterable<SeriesLine>): string | undefined {
  for (const { labels, points } of rest) {
    return `${formatLabels(labels)} is missing, expected ${points.map(describePoint).join(' ')}`;
  }
  return undefined;
}

function samePoint(expected: Point, got: Value): boolean {
  if (typeof expected === 'string') return false;
  if (typeof expected === 'number') return typeof got === 'number' && almostEqual(expected, got);
  return typeof got !== 'number' && almostEqualHistograms(expected.histogram, got, expected.hintStated);
}

/** Undefined if warnings and infos are as expected. */
export function compareAnnotations(expected: Expectation, { warnings, infos }: QueryResult): string | undefined {
  return compareTexts('warning', expected.warnings, warnings) ?? compareTexts('info', expected.infos, infos);
}

function compareTexts(
  kind: string,
  expected: readonly TextExpectation[] | undefined,
  texts: readonly string[],
): string | undefined {
  if (!expected) return undefined;
  const unmet = expected.find((each) => !texts.some((text) => each.matches(text)));
  if (unmet) return `no ${kind} is ${unmet}; got ${texts.length > 0 ? texts.join(' | ') : 'none'}`;
  const unexpected = texts.find((text) => !expected.some((each) => each.matches(text)));
  return unexpected === undefined ? undefined : `the ${kind} "${unexpected}" was not expected`;
}

function describePoint(point: Point): string {
  if (typeof point === 'string') return point === 'gap' ? '_' : point;
  return describeValue(typeof point === 'number' ? point : point.histogram);
}

function describeValue(value: Value): string {
  return typeof value === 'number' ? String(value) : histogramLiteral(value);
}

function describeSeries({ timestamps, values, histograms }: MatrixSeries): string {
  return Array.from(timestamps, (time, i) => `${describeValue(histograms?.[i] ?? values[i]!)}@${time}`).join(' ');
}
