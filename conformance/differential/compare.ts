import type { Answer, AnswerSeries } from './answer.ts';
import type { Question } from './generate.ts';
import type { Query } from './query.ts';

/** Relative to the larger of both. */
const tolerance = 1e-9;

const special: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

export function isSameValue(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [special[a] ?? Number(a), special[b] ?? Number(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y);
  if (!Number.isFinite(x) || !Number.isFinite(y)) return x === y;
  return Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y));
}

/** The functions whose order of an instant vector is defined. */
function orderOf(query: Query): 'labels' | 'sorted' | 'chosen' | undefined {
  if (query.kind === 'call' && query.func.startsWith('sort_by_label')) return 'labels';
  if (query.kind === 'call' && (query.func === 'sort' || query.func === 'sort_desc')) return 'sorted';
  const isChoice = query.kind === 'aggregate' && (query.op === 'topk' || query.op === 'bottomk');
  // Which group comes first is not defined.
  if (isChoice && !query.grouping) return 'chosen';
  return undefined;
}

const show = ({ labels, points }: AnswerSeries, at: number): string =>
  points[at] ? `${labels} ${points[at]?.[1]} @ ${points[at]?.[0]}` : `${labels} has ${points.length} points`;

function comparePoints(expected: AnswerSeries, got: AnswerSeries): string | undefined {
  const length = Math.max(expected.points.length, got.points.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [expected.points[i], got.points[i]];
    if (a && b && Math.abs(a[0] - b[0]) < 1e-6 && isSameValue(a[1], b[1])) continue;
    return `expected ${show(expected, i)}, got ${show(got, i)}`;
  }
  return undefined;
}

function compareSeries(expected: readonly AnswerSeries[], got: readonly AnswerSeries[]): string | undefined {
  const rest = new Map(got.map((series) => [series.labels, series]));
  if (rest.size < got.length) return 'the same series twice';
  for (const series of expected) {
    const found = rest.get(series.labels);
    if (!found) return `${series.labels} is missing`;
    rest.delete(series.labels);
    const difference = comparePoints(series, found);
    if (difference) return difference;
  }
  const [extra] = rest.keys();
  return extra === undefined ? undefined : `${extra} was not expected`;
}

/** Values one after the other; which of several equal ones stands first, or is chosen at all, is not defined. */
function compareOrder(expected: readonly AnswerSeries[], got: readonly AnswerSeries[]): string | undefined {
  if (expected.length !== got.length) return `expected ${expected.length} series, got ${got.length}`;
  const at = expected.findIndex((series, i) => !isSameValue(series.points[0]?.[1] ?? '', got[i]?.points[0]?.[1] ?? ''));
  if (at < 0) return undefined;
  return `in place ${at + 1}: expected ${show(expected[at] as AnswerSeries, 0)}, got ${show(got[at] as AnswerSeries, 0)}`;
}

function compareLabelOrder(expected: readonly AnswerSeries[], got: readonly AnswerSeries[]): string | undefined {
  const at = expected.findIndex(({ labels }, i) => labels !== got[i]?.labels);
  return at < 0 ? undefined : `in place ${at + 1}: expected ${expected[at]?.labels}, got ${got[at]?.labels}`;
}

/** Texts of one kind, in whatever order. */
function compareTexts(kind: string, expected: readonly string[], got: readonly string[]): string | undefined {
  const [a, b] = [[...expected].sort(), [...got].sort()];
  const at = a.findIndex((text, i) => text !== b[i]);
  if (at < 0 && a.length === b.length) return undefined;
  return `${kind} expected ${JSON.stringify(a)}, got ${JSON.stringify(b)}`;
}

/** What differs between the warnings and infos of two answers; undefined if nothing. */
export function differentNotes(expected: Answer, got: Answer): string | undefined {
  if (expected.kind === 'refused' || got.kind === 'refused') return undefined;
  return (
    compareTexts('warnings:', expected.warnings, got.warnings) ?? compareTexts('infos:', expected.infos, got.infos)
  );
}

/** What differs between the answer of Prometheus and ours; undefined if nothing. */
export function difference({ query, range }: Question, expected: Answer, got: Answer): string | undefined {
  if (expected.kind === 'refused' || got.kind === 'refused') {
    if (expected.kind === 'data') return `expected an answer, got ${got.kind === 'refused' ? got.message : ''}`;
    if (got.kind === 'data') return `expected to be refused: ${expected.message}`;
    if (expected.statusClass === got.statusClass) return undefined;
    return `expected status ${expected.statusClass}xx (${expected.message}), got ${got.statusClass}xx (${got.message})`;
  }
  if (expected.resultType !== got.resultType) return `expected a ${expected.resultType}, got a ${got.resultType}`;
  const order = range ? undefined : orderOf(query);
  if (order === 'labels')
    return compareLabelOrder(expected.series, got.series) ?? compareSeries(expected.series, got.series);
  const misplaced = order && compareOrder(expected.series, got.series);
  if (misplaced || order === 'chosen') return misplaced;
  return compareSeries(expected.series, got.series);
}
