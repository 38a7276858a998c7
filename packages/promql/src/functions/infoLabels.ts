import { PromqlExecutionError } from '../engine/errors.ts';
import { isEmpty, mergeSameLabels, type StepSeries } from '../engine/values.ts';
import { formatLabels, identityOf, METRIC_NAME, sorted } from '../labels.ts';
import { acceptsEmpty } from '../matchers/compile.ts';
import type { Labels, Matcher } from '../source.ts';

/** The labels by which an info series belongs to a series. */
export const IDENTIFYING_LABELS: readonly string[] = ['instance', 'job'];

function keyOf(labels: Labels): string {
  return identityOf(labels, IDENTIFYING_LABELS);
}

/** The info series of one metric and one identity, and which of them is the newest at each step; -1 for none. */
interface Candidates {
  readonly series: StepSeries[];
  readonly newest: Int32Array;
}

/** Finds the labels that info series add to a series at each step. */
export class InfoLabels {
  private readonly wanted: ReadonlySet<string>;
  /** Whether a series stays where no info series belongs to it. */
  private readonly keepsBare: boolean;
  /** By identity, one of each info metric. */
  private readonly candidates = new Map<string, Candidates[]>();

  /**
   * @param infos with the times of their samples for values
   * @param matchers which labels to add; all if there are none
   * @param steps 1 where there is a series to add to; elsewhere info series may conflict
   * @throws PromqlExecutionError if at one step two info series of one metric and identity are equally new
   */
  constructor(infos: readonly StepSeries[], matchers: readonly Matcher[], steps: Uint8Array) {
    this.wanted = new Set(matchers.map(({ name }) => name));
    this.keepsBare = matchers.every(acceptsEmpty);
    const byMetric = new Map<string, StepSeries[]>();
    for (const series of infos) {
      const key = identityOf(series.labels, [...IDENTIFYING_LABELS, METRIC_NAME]);
      const known = byMetric.get(key);
      if (known) known.push(series);
      else byMetric.set(key, [series]);
    }
    for (const series of byMetric.values()) {
      const key = keyOf(series[0]!.labels);
      const known = this.candidates.get(key) ?? [];
      known.push({ series, newest: newestOf(series, steps) });
      this.candidates.set(key, known);
    }
  }

  /** The series with its labels and those that it gets; one series for each set of labels that it has at some step. */
  enrich(series: StepSeries): StepSeries[] {
    const candidates = this.candidates.get(keyOf(series.labels)) ?? [];
    if (candidates.length === 0) return this.keepsBare ? [series] : [];
    const parts = new Map<string, StepSeries>();
    for (let step = 0; step < series.present.length; step++) {
      if (series.present[step] === 0) continue;
      const key = candidates.map(({ newest }) => newest[step]).join(' ');
      let part = parts.get(key);
      if (!part) {
        part = {
          ...series,
          labels: this.added(series.labels, candidates, step),
          present: new Uint8Array(series.present.length),
        };
        parts.set(key, part);
      }
      part.present[step] = 1;
    }
    const bare = candidates.map(() => -1).join(' ');
    if (!this.keepsBare) parts.delete(bare);
    return [...mergeSameLabels([...parts.values()].filter((part) => !isEmpty(part)))];
  }

  private added(labels: Labels, candidates: readonly Candidates[], step: number): Labels {
    const found = new Map<string, string>();
    for (const { series, newest } of candidates) {
      for (const [name, value] of series[newest[step]!]?.labels ?? []) {
        if (name === METRIC_NAME || (this.wanted.size > 0 && !this.wanted.has(name))) continue;
        const other = found.get(name);
        if (other !== undefined && other !== value) throw new PromqlExecutionError(`conflicting label: ${name}`);
        if (!labels.has(name)) found.set(name, value);
      }
    }
    return found.size === 0 ? labels : sorted(new Map([...labels, ...found]));
  }
}

function newestOf(series: readonly StepSeries[], steps: Uint8Array): Int32Array {
  const newest = new Int32Array(steps.length).fill(-1);
  series.forEach((each, index) => {
    for (let step = 0; step < steps.length; step++) {
      if (steps[step] === 0 || each.present[step] === 0) continue;
      const known = series[newest[step]!];
      if (known && known.values[step] === each.values[step]) throw duplicate(known, each, step);
      if (!known || each.values[step]! > known.values[step]!) newest[step] = index;
    }
  });
  return newest;
}

function duplicate(a: StepSeries, b: StepSeries, step: number): PromqlExecutionError {
  const place = (series: StepSeries) => `${formatLabels(series.labels)} @ ${Math.round(series.values[step]! * 1000)}`;
  return new PromqlExecutionError(`found duplicate series for info metric: existing ${place(a)}, new ${place(b)}`);
}
