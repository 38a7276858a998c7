/** Finds series by matchers, in order of their labels, and remembers what it found. */
import { compareLabels, compileMatchers, type Matcher } from '@nightshift/promql';
import type { Series, SeriesIndex } from './series-index.ts';

/** References to series that are remembered at most: some megabytes. */
const MOST_REMEMBERED = 500_000;

interface Found {
  readonly series: readonly Series[];
  readonly accepts: (labels: Series['labels']) => boolean;
  /** Series that were known then. */
  readonly known: number;
}

const inOrder = (a: Series, b: Series): number => compareLabels(a.labels, b.labels);

const keyOf = (matchers: readonly Matcher[]): string =>
  JSON.stringify(matchers.map(({ name, op, value }) => [name, op, value]));

export class SeriesLookup {
  /** The least recently used first. */
  private readonly found = new Map<string, Found>();
  private remembered = 0;

  constructor(private readonly index: SeriesIndex) {}

  /** Series that every matcher accepts, in order of labels. @throws RegexpSyntaxError for a pattern that is not RE2. */
  match(matchers: readonly Matcher[]): readonly Series[] {
    const key = keyOf(matchers);
    const before = this.found.get(key);
    if (before) this.forget(key, before);
    const now = before ? this.continued(before) : this.asked(matchers);
    this.found.set(key, now);
    this.remembered += now.series.length + 1;
    for (const [oldest, { series }] of this.found) {
      if (this.remembered <= MOST_REMEMBERED || oldest === key) break;
      this.forget(oldest, { series });
    }
    return now.series;
  }

  private forget(key: string, { series }: Pick<Found, 'series'>): void {
    this.found.delete(key);
    this.remembered -= series.length + 1;
  }

  private asked(matchers: readonly Matcher[]): Found {
    const known = this.index.size;
    const accepts = compileMatchers(matchers);
    return { series: this.index.match(matchers).sort(inOrder), accepts, known };
  }

  /** Series are only ever added. */
  private continued({ series, accepts, known }: Found): Found {
    const { size } = this.index;
    if (size === known) return { series, accepts, known };
    const added = this.index.since(known).filter(({ labels }) => accepts(labels));
    return { series: added.length === 0 ? series : merged(series, added.sort(inOrder)), accepts, known: size };
  }
}

/** Both are in order. */
function merged(a: readonly Series[], b: readonly Series[]): Series[] {
  const all: Series[] = [];
  let next = 0;
  for (const series of a) {
    while (next < b.length && inOrder(b[next]!, series) < 0) all.push(b[next++]!);
    all.push(series);
  }
  while (next < b.length) all.push(b[next++]!);
  return all;
}
