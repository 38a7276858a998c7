import { identityOf, identityWithout, keepOnly, METRIC_NAME, without } from '../labels.ts';
import type { VectorMatching } from '../parser/ast.ts';
import type { Labels } from '../source.ts';

/** The part of the labels that two series must share to match. */
export function matchLabels(labels: Labels, matching: VectorMatching): Labels {
  return matching.on ? keepOnly(labels, matching.labels) : without(labels, [...matching.labels, METRIC_NAME]);
}

/** A string that is equal for labels that match. */
export function matchKeys(matching: VectorMatching): (labels: Labels) => string {
  if (matching.on) return (labels) => identityOf(labels, matching.labels);
  const ignored = new Set([...matching.labels, METRIC_NAME]);
  return (labels) => identityWithout(labels, ignored);
}
