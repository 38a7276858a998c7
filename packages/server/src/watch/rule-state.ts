import type { FloatHistogram, QueryResult } from '@nightshift/promql';
import type { Labels, WriteSeries } from '@nightshift/wire';
import { type Alert, nextAlert } from './alert.ts';
import { fillTemplate } from './annotation.ts';
import type { AlertingRule, Rule } from './rule-file.ts';

export interface VectorElement {
  readonly labels: Labels;
  /** 0 for a native histogram, as an alert has it. */
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

const sorted = (entries: Iterable<readonly [string, string]>): Labels =>
  new Map([...entries].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1)));

const keyOf = (labels: Labels): string => JSON.stringify([...labels]);

/** An instant result as vector elements; a scalar is one element without labels. Throws for ranges and strings. */
export function elementsOf(result: QueryResult): VectorElement[] {
  if (result.resultType === 'scalar') return [{ labels: new Map(), value: result.value }];
  if (result.resultType === 'vector') {
    return result.samples.map(({ labels, value, histogram }) => ({
      labels,
      value: histogram ? 0 : value,
      ...(histogram && { histogram }),
    }));
  }
  throw new Error(`the rule gives a ${result.resultType}, not a vector or a scalar`);
}

/** A rule's memory between evaluations. */
export class RuleState {
  alerts = new Map<string, Alert>();
  #written = new Map<string, Labels>();
  lastError = '';
  lastEvaluation: number | null = null;
  evaluationMs = 0;

  constructor(readonly rule: Rule) {}

  /** Takes one evaluation's elements and returns the series to store, stale markers for what ended included. */
  take(elements: readonly VectorElement[], at: number, restored: ReadonlyMap<string, number>): WriteSeries[] {
    const output =
      this.rule.kind === 'recording' ? this.#record(elements, at) : this.#alert(this.rule, elements, at, restored);
    const written = new Map(output.map((series) => [keyOf(series.labels), series.labels]));
    for (const [key, labels] of this.#written) {
      if (!written.has(key)) output.push({ labels, samples: [{ timestamp: at, value: Number.NaN, stale: true }] });
    }
    this.#written = written;
    return output;
  }

  /** Stale markers for everything that the rule wrote last, for when it is no more. */
  end(at: number): WriteSeries[] {
    return [...this.#written.values()].map((labels) => ({
      labels,
      samples: [{ timestamp: at, value: Number.NaN, stale: true }],
    }));
  }

  #record(elements: readonly VectorElement[], at: number): WriteSeries[] {
    const name = ['__name__', this.rule.name] as const;
    return elements.map(({ labels: own, value, histogram }) => {
      const labels = sorted(new Map([...own, ...Object.entries(this.rule.labels), name]));
      if (histogram) return { labels, samples: [], histograms: [{ timestamp: at, histogram }] };
      return { labels, samples: [{ timestamp: at, value }] };
    });
  }

  #alert(
    rule: AlertingRule,
    elements: readonly VectorElement[],
    at: number,
    restored: ReadonlyMap<string, number>,
  ): WriteSeries[] {
    const now = new Map<string, { labels: Labels; value: number }>();
    for (const { labels: from, value } of elements) {
      const own = Object.entries(rule.labels).map(([k, v]) => [k, fillTemplate(v, from, value)] as const);
      const base = [...from].filter(([name]) => name !== '__name__');
      const labels = sorted(new Map([...base, ...own, ['alertname', rule.name] as const]));
      now.set(keyOf(labels), { labels, value });
    }
    const output: WriteSeries[] = [];
    const next = new Map<string, Alert>();
    for (const key of new Set([...this.alerts.keys(), ...now.keys()])) {
      const seen = now.get(key);
      const before = this.alerts.get(key);
      const labels = seen?.labels ?? before?.labels ?? new Map();
      let alert = nextAlert(before, labels, seen?.value, at, rule);
      const activeAt = restored.get(key);
      if (alert && !before && activeAt !== undefined && activeAt < alert.activeAt) {
        alert = nextAlert({ ...alert, state: 'pending', activeAt }, labels, seen?.value, at, rule) ?? alert;
      }
      if (!alert) continue;
      next.set(key, alert);
      if (alert.state !== 'resolved') output.push(...alertSeries(alert, at));
    }
    this.alerts = next;
    return output;
  }
}

/** ALERTS and ALERTS_FOR_STATE as Prometheus writes them; the second lets `for` go on after a restart. */
function alertSeries(alert: Alert, at: number): WriteSeries[] {
  const named = (extra: Record<string, string>) => sorted(new Map([...alert.labels, ...Object.entries(extra)]));
  return [
    { labels: named({ __name__: 'ALERTS', alertstate: alert.state }), samples: [{ timestamp: at, value: 1 }] },
    { labels: named({ __name__: 'ALERTS_FOR_STATE' }), samples: [{ timestamp: at, value: alert.activeAt / 1000 }] },
  ];
}

/** Label sets of ALERTS_FOR_STATE elements, without the name, to the activeAt they carry in milliseconds. */
export function restoredTimes(elements: readonly VectorElement[]): Map<string, number> {
  return new Map(
    elements.map(({ labels, value }) => [
      keyOf(sorted([...labels].filter(([name]) => name !== '__name__'))),
      value * 1000,
    ]),
  );
}
