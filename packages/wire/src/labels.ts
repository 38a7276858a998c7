import { type Labels, WireError } from './batch.ts';

export const METRIC_NAME = '__name__';

/**
 * Collects labels in parallel columns and makes Labels of them: sorted by name in code units, empty values dropped. One
 * collector serves a whole body. Making fails on an empty name or a duplicate; `where` is put in front of its message.
 */
export class LabelCollector {
  private names: string[] = [];
  private values: string[] = [];
  private count = 0;

  clear(): void {
    this.count = 0;
  }

  add(name: string, value: string): void {
    this.names[this.count] = name;
    this.values[this.count++] = value;
  }

  /** The metric name collected so far, '' without one; for messages. */
  metricName(): string {
    for (let i = 0; i < this.count; i++) if (this.names[i] === METRIC_NAME) return this.values[i]!;
    return '';
  }

  /** As `makeSet`, of a series, which must have a metric name. */
  make(where: string): Labels {
    const labels = this.makeSet(where);
    if (!labels.has(METRIC_NAME)) throw new WireError(`${where}: a series without metric name (label __name__)`);
    return labels;
  }

  makeSet(where: string): Labels {
    const { names, values, count } = this;
    for (let i = 1; i < count; i++) {
      if (names[i]! < names[i - 1]!) {
        this.sort();
        break;
      }
    }
    const labels = new Map<string, string>();
    let previous = '';
    for (let i = 0; i < count; i++) {
      const name = names[i]!;
      if (name === '') throw new WireError(`${where}: empty label name${this.ofMetric()}`);
      if (name === previous) throw new WireError(`${where}: duplicate label ${JSON.stringify(name)}${this.ofMetric()}`);
      previous = name;
      if (values[i] !== '') labels.set(name, values[i]!);
    }
    return labels;
  }

  private ofMetric(): string {
    const name = this.metricName();
    return name === '' ? '' : ` in a series of ${JSON.stringify(name)}`;
  }

  private sort(): void {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.count; i++) pairs.push([this.names[i]!, this.values[i]!]);
    pairs.sort(byName);
    for (let i = 0; i < this.count; i++) [this.names[i], this.values[i]] = pairs[i]!;
  }
}

export type LabelPair = readonly [name: string, value: string];

/** Merges two lists of label pairs, each sorted by name and without duplicates, into Labels; `extra` wins. */
export function mergeLabels(base: readonly LabelPair[], extra: readonly LabelPair[]): Labels {
  const labels = new Map<string, string>();
  let i = 0;
  for (const [name, value] of extra) {
    for (; i < base.length && base[i]![0] < name; i++) labels.set(base[i]![0], base[i]![1]);
    if (i < base.length && base[i]![0] === name) i++;
    if (value !== '') labels.set(name, value);
  }
  for (; i < base.length; i++) labels.set(base[i]![0], base[i]![1]);
  return labels;
}

/** Orders label pairs by name, in code units. */
export function byName(a: LabelPair, b: LabelPair): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
