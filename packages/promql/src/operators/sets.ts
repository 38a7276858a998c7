import { isEmpty, type StepSeries } from '../engine/values.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import { matchKeys } from './signature.ts';

type Presence = ReadonlyMap<string, Uint8Array>;

/** `and`, `or` and `unless`: which samples stay depends only on whether the other side has a match at that step. */
export function setOperation(
  expr: BinaryExpr,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
): StepSeries[] {
  const keyOfLabels = matchKeys(expr.matching);
  const keyOf = (series: StepSeries) => keyOfLabels(series.labels);
  switch (expr.op) {
    case 'and':
      return filter(left, keyOf, presenceOf(right, keyOf), true);
    case 'unless':
      return filter(left, keyOf, presenceOf(right, keyOf), false);
    default:
      return [...left, ...filter(right, keyOf, presenceOf(left, keyOf), false)];
  }
}

function presenceOf(all: readonly StepSeries[], keyOf: (series: StepSeries) => string): Presence {
  const presence = new Map<string, Uint8Array>();
  for (const series of all) {
    const key = keyOf(series);
    const known = presence.get(key);
    presence.set(key, known ? known.map((there, step) => there | series.present[step]!) : series.present);
  }
  return presence;
}

function filter(
  all: readonly StepSeries[],
  keyOf: (series: StepSeries) => string,
  other: Presence,
  wanted: boolean,
): StepSeries[] {
  return all
    .map((series) => {
      const theirs = other.get(keyOf(series));
      const present = series.present.map((there, step) => (there === 1 && (theirs?.[step] === 1) === wanted ? 1 : 0));
      return { ...series, present };
    })
    .filter((series) => !isEmpty(series));
}
