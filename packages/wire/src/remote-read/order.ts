import type { Labels } from '../batch.ts';

/**
 * Orders texts by their UTF-8 bytes, as Go does: like code units, except that a surrogate (a character beyond U+FFFF)
 * comes after U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** The labels, with each of `added` that they do not have themselves, ordered as Prometheus has them. */
export function wireLabels(labels: Labels, added: Labels): [name: string, value: string][] {
  const pairs = [...labels];
  for (const [name, value] of added) if (!labels.has(name) && value !== '') pairs.push([name, value]);
  return pairs.sort(([a], [b]) => compareUtf8(a, b));
}

/** Orders label sets that are themselves in order: name before value, pair by pair, the shorter first. */
export function compareWireLabels(a: readonly [string, string][], b: readonly [string, string][]): number {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) {
    const order = compareUtf8(a[i]![0], b[i]![0]) || compareUtf8(a[i]![1], b[i]![1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
