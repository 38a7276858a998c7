/** What `registry.getMetricsAsJSON()` of prom-client gives, and its flat values put together to points. */

export interface FlatValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram or summary: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
  readonly exemplar?: FlatExemplar | null;
}

interface FlatExemplar {
  readonly labelSet?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix seconds. */
  readonly timestamp: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly FlatValue[];
}

export interface HistogramPoint {
  readonly labels: FlatValue['labels'];
  readonly count: number;
  readonly sum: number;
  /** Upper bounds, rising; `counts` has one more, for what is above all of them. Not cumulative over buckets. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly exemplars: readonly {
    readonly value: number;
    /** Unix milliseconds. */
    readonly time: number;
    readonly traceId: string;
    readonly spanId: string;
  }[];
}

export interface SummaryPoint {
  readonly labels: FlatValue['labels'];
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

const isTraceId = (text: string | undefined): text is string => /^[0-9a-f]{32}$/.test(text ?? '');

/** The values of each series stand together, its count last (prom-client, pinned). */
export function pointsOfHistogram({ name, values }: Family): HistogramPoint[] {
  const points: HistogramPoint[] = [];
  let bounds: number[] = [];
  let counts: number[] = [];
  let exemplars: HistogramPoint['exemplars'][number][] = [];
  let below = 0;
  let sum = 0;
  for (const { metricName, labels, value, exemplar } of values) {
    if (metricName === `${name}_bucket`) {
      if (labels.le !== '+Inf') bounds.push(Number(labels.le));
      counts.push(value - below);
      below = value;
      const traceId = exemplar?.labelSet?.trace_id;
      if (exemplar && isTraceId(traceId)) {
        const spanId = exemplar.labelSet?.span_id ?? '';
        exemplars.push({ value: exemplar.value, time: exemplar.timestamp * 1000, traceId, spanId });
      }
    } else if (metricName === `${name}_sum`) sum = value;
    else if (metricName === `${name}_count`) {
      points.push({ labels, count: value, sum, bounds, counts, exemplars });
      [bounds, counts, exemplars, below, sum] = [[], [], [], 0, 0];
    }
  }
  return points;
}

export function pointsOfSummary({ name, values }: Family): SummaryPoint[] {
  const points: SummaryPoint[] = [];
  let quantiles: [number, number][] = [];
  let sum = 0;
  for (const { metricName, labels, value } of values) {
    if (metricName === `${name}_sum`) sum = value;
    else if (metricName === `${name}_count`) {
      points.push({ labels, count: value, sum, quantiles });
      [quantiles, sum] = [[], 0];
    } else quantiles.push([Number(labels.quantile), value]);
  }
  return points;
}
