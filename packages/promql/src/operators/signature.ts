import { identity, identityOf, keepOnly, METRIC_NAME, without } from '../labels.ts';
import type { VectorMatching } from '../parser/ast.ts';
import type { Labels } from '../source.ts';

/** The part of the labels that two series must share to match. */
export function matchLabels(labels: Labels, matching: VectorMatching): Labels {
  return matching.on ? keepOnly(labels, matching.labels) : without(labels, [...matching.labels, METRIC_NAME]);
}

export function matchKey(labels: Labels, matching: VectorMatching): string {
  return matching.on ? identityOf(labels, matching.labels) : identity(matchLabels(labels, matching));
}
