import type { Evaluation } from '../engine/evaluation.ts';
import { isEmpty, type StepSeries } from '../engine/values.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import { matchKeys } from './signature.ts';

type Presence = ReadonlyMap<string, Uint8Array>;

/** `and`, `or` and `unless`: which samples stay depends only on whether the other side has a match at that step. */
export function setOperation(
  expr: BinaryExpr,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  evaluation: Evaluation,
): StepSeries[] {
  const keyOfLabels = matchKeys(expr.matching);
  const keyOf = (series: StepSeries) => keyOfLabels(series.labels);
  switch (expr.op) {
    case 'and':
      return filter(evaluation.each(left), keyOf, presenceOf(evaluation.each(right), keyOf), true);
    case 'unless':
      return filter(evaluation.each(left), keyOf, presenceOf(evaluation.each(right), keyOf), false);
    default:
      return [...left, ...filter(evaluation.each(right), keyOf, presenceOf(evaluation.each(left), keyOf), false)];
  }
}

function presenceOf(all: Iterable<StepSeries>, keyOf: (series: StepSeries) => string): Presence {
  const presence = new Map<string, Uint8Array>();
  for (const series of all) {
    const key = keyOf(series);
    const known = presence.get(key);
    presence.set(key, known ? known.map((there, step) => there | series.present[step]!) : series.present);
  }
  return presence;
}

function filter(
  all: Iterable<StepSeries>,
  keyOf: (series: StepSeries) => string,
  other: Presence,
  wanted: boolean,
): StepSeries[] {
  const kept = Array.from(all, (series) => {
    const theirs = other.get(keyOf(series));
    const present = series.present.map((there, step) => (there === 1 && (theirs?.[step] === 1) === wanted ? 1 : 0));
    return { ...series, present };
  });
  return kept.filter((series) => !isEmpty(series));
}
