/** Which names and labels the known series come from: what a person looks at when there are too many. */
export interface Count {
  readonly name: string;
  readonly value: number;
}

export interface Cardinality {
  readonly series: number;
  /** Different name and value pairs. */
  readonly labelPairs: number;
  /** Pieces of memory that hold the newest samples. */
  readonly chunks: number;
  /** Unix milliseconds of the oldest and the newest sample in memory; null while there is none. */
  readonly minTime: number | null;
  readonly maxTime: number | null;
  /** Each list has the largest first. */
  readonly seriesByMetricName: readonly Count[];
  readonly valuesByLabelName: readonly Count[];
  /** Bytes of the values of a label, in all series together. */
  readonly bytesByLabelName: readonly Count[];
  /** By `name=value`. */
  readonly seriesByLabelPair: readonly Count[];
}

/** Keeps the `limit` largest of many counts. */
class Largest {
  #kept: Count[] = [];

  constructor(private readonly limit: number) {}

  add(name: string, value: number): void {
    this.#kept.push({ name, value });
    if (this.#kept.length > 2 * this.limit + 100) this.#kept = this.counts();
  }

  counts(): Count[] {
    return this.#kept
      .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .slice(0, this.limit);
  }
}

export type LabelCounts = Pick<
  Cardinality,
  'labelPairs' | 'seriesByMetricName' | 'valuesByLabelName' | 'bytesByLabelName' | 'seriesByLabelPair'
>;

/** Counts from the postings: by label name, the series of each value. */
export function countLabels(
  postings: ReadonlyMap<string, ReadonlyMap<string, readonly unknown[]>>,
  limit: number,
): LabelCounts {
  const metricNames = new Largest(limit);
  const values = new Largest(limit);
  const bytes = new Largest(limit);
  const pairs = new Largest(limit);
  let labelPairs = 0;
  for (const [name, byValue] of postings) {
    labelPairs += byValue.size;
    values.add(name, byValue.size);
    let size = 0;
    for (const [value, series] of byValue) {
      size += Buffer.byteLength(value) * series.length;
      pairs.add(`${name}=${value}`, series.length);
      if (name === '__name__') metricNames.add(value, series.length);
    }
    bytes.add(name, size);
  }
  return {
    labelPairs,
    seriesByMetricName: metricNames.counts(),
    valuesByLabelName: values.counts(),
    bytesByLabelName: bytes.counts(),
    seriesByLabelPair: pairs.counts(),
  };
}
