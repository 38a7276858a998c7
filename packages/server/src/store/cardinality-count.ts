/** Counts series by what they are made of. Pure; a million label sets are counted piece by piece, so that others have their turn. */
import type { Labels } from '@nightshift/wire';
import type {
  CardinalityLabel,
  CardinalityMetric,
  CardinalityPair,
  CardinalityReport,
  CardinalityService,
} from '../api/api.ts';

/** One series to count. */
export interface CountedSeries {
  readonly labels: Labels;
  /** Whether it has a sample in memory. */
  readonly live: boolean;
  readonly samplesPerSecond: number;
  /** In which of the hours it was first seen, from 0; -1 for earlier. */
  readonly hour: number;
}

/** How many values of a label are named. */
const TOP_VALUES = 5;

interface Metric {
  series: number;
  live: number;
  samplesPerSecond: number;
  readonly hours: number[];
  /** The series, as numbered by the caller. */
  readonly numbers: number[];
}

type Service = Omit<CardinalityService, 'service'>;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The `limit` first in descending order of a figure, equal ones by name. */
function largest<T>(
  all: Iterable<readonly [string, T]>,
  figure: (one: T) => number,
  limit: number,
): (readonly [string, T])[] {
  let kept: (readonly [string, T])[] = [];
  /** The last of those that are kept; what does not come before it has no chance any more. */
  let last: readonly [string, T] | undefined;
  const order = (a: readonly [string, T], b: readonly [string, T]) => figure(b[1]) - figure(a[1]) || byName(a[0], b[0]);
  const cut = () => {
    kept = kept.sort(order).slice(0, limit);
    if (kept.length === limit) last = kept[limit - 1];
  };
  for (const one of all) {
    if (last && order(one, last) > 0) continue;
    kept.push(one);
    if (kept.length > 2 * limit + 100) cut();
  }
  cut();
  return kept;
}

/** Who sends it: OpenTelemetry's service name, else the job of a scrape; '' when it says neither. */
export const serviceOf = (labels: Labels): string =>
  labels.get('service_name') ?? labels.get('service') ?? labels.get('job') ?? '';

export class CardinalityCount {
  private series = 0;
  private live = 0;
  private samplesPerSecond = 0;
  private readonly metrics = new Map<string, Metric>();
  private readonly services = new Map<string, Service>();
  private readonly values = new Map<string, Map<string, number>>();

  /** @param hours over which new series are counted */
  constructor(private readonly hours: number) {}

  add(number: number, { labels, live, samplesPerSecond, hour }: CountedSeries): void {
    this.series++;
    if (live) this.live++;
    this.samplesPerSecond += samplesPerSecond;
    const name = labels.get('__name__') ?? '';
    let metric = this.metrics.get(name);
    if (!metric) {
      metric = { series: 0, live: 0, samplesPerSecond: 0, hours: new Array<number>(this.hours).fill(0), numbers: [] };
      this.metrics.set(name, metric);
    }
    metric.series++;
    if (live) metric.live++;
    metric.samplesPerSecond += samplesPerSecond;
    if (hour >= 0) metric.hours[hour]!++;
    metric.numbers.push(number);
    const service = serviceOf(labels);
    let owner = this.services.get(service);
    if (!owner) {
      owner = { series: 0, samplesPerSecond: 0, newSeries: 0 };
      this.services.set(service, owner);
    }
    owner.series++;
    owner.samplesPerSecond += samplesPerSecond;
    if (hour >= 0) owner.newSeries++;
    for (const [label, value] of labels) {
      let byValue = this.values.get(label);
      if (!byValue) {
        byValue = new Map();
        this.values.set(label, byValue);
      }
      byValue.set(value, (byValue.get(value) ?? 0) + 1);
    }
  }

  /** `hours`: the start of each. `labelsAt` gives the labels of a number that was added; `turn` is awaited between pieces. */
  async report(
    limit: number,
    labelsAt: (number: number) => Labels,
    turn: () => Promise<void>,
  ): Promise<Omit<CardinalityReport, 'at' | 'hours'>> {
    const bySeries = largest(this.metrics, ({ series }) => series, limit);
    const bySamples = largest(this.metrics, ({ samplesPerSecond }) => samplesPerSecond, limit);
    const byChurn = largest(this.metrics, newOf, limit).filter(([, metric]) => newOf(metric) > 0);
    const shown = new Map<string, CardinalityMetric>();
    for (const [name, metric] of [...bySeries, ...bySamples, ...byChurn]) {
      if (!shown.has(name)) shown.set(name, await this.metric(name, metric, labelsAt, turn));
    }
    const metricsOf = (list: typeof bySeries) => list.map(([name]) => shown.get(name)!);
    await turn();
    return {
      series: this.series,
      live: this.live,
      samplesPerSecond: this.samplesPerSecond,
      metricNames: this.metrics.size,
      metrics: metricsOf(bySeries),
      busiest: metricsOf(bySamples),
      growing: metricsOf(byChurn),
      services: largest(this.services, ({ series }) => series, limit).map(([service, one]) => ({ service, ...one })),
      ...(await this.labelsAndPairs(limit, turn)),
      newSeries: this.sumHours(),
    };
  }

  /** Labels by their values, and the pairs that most series have. */
  private async labelsAndPairs(
    limit: number,
    turn: () => Promise<void>,
  ): Promise<{ labels: CardinalityLabel[]; pairs: CardinalityPair[] }> {
    const labels = new Map<string, CardinalityLabel>();
    const pairs: CardinalityPair[] = [];
    for (const [name, byValue] of this.values) {
      await turn();
      const top = largest(byValue, (count) => count, Math.max(limit, TOP_VALUES)).map(([value, series]) => ({
        value,
        series,
      }));
      pairs.push(...top.map((one) => ({ name, ...one })));
      let series = 0;
      for (const count of byValue.values()) series += count;
      labels.set(name, { name, values: byValue.size, series, top: top.slice(0, TOP_VALUES) });
    }
    pairs.sort((a, b) => b.series - a.series || byName(a.name, b.name) || byName(a.value, b.value));
    return {
      labels: largest(labels, ({ values }) => values, limit).map(([, label]) => label),
      pairs: pairs.slice(0, limit),
    };
  }

  private sumHours(): number[] {
    const sums = new Array<number>(this.hours).fill(0);
    for (const { hours } of this.metrics.values()) for (let i = 0; i < sums.length; i++) sums[i]! += hours[i]!;
    return sums;
  }

  /** With its labels that have more than one value, the one with the most values first. */
  private async metric(
    name: string,
    { series, live, samplesPerSecond, hours, numbers }: Metric,
    labelsAt: (number: number) => Labels,
    turn: () => Promise<void>,
  ): Promise<CardinalityMetric> {
    const values = new Map<string, Set<string>>();
    const services = new Map<string, number>();
    for (const [place, number] of numbers.entries()) {
      if (place % 200 === 199) await turn();
      const labels = labelsAt(number);
      const service = serviceOf(labels);
      services.set(service, (services.get(service) ?? 0) + 1);
      for (const [label, value] of labels) {
        const known = values.get(label);
        if (known) known.add(value);
        else values.set(label, new Set([value]));
      }
    }
    const labels = largest(values, ({ size }) => size, TOP_VALUES)
      .filter(([, { size }]) => size > 1)
      .map(([label, { size }]) => ({ name: label, values: size }));
    const service = largest(services, (count) => count, 1)[0]?.[0] ?? '';
    return { name, series, live, samplesPerSecond, newSeries: hours, labels, service, services: services.size };
  }
}

const newOf = ({ hours }: Metric): number => hours.reduce((sum, count) => sum + count, 0);
