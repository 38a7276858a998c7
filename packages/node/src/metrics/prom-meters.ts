/** Meters in a registry of prom-client. */
import type { Guard } from '../core/guard.ts';
import { seriesOf } from './histogram-series.ts';
import type { CounterMeter, GaugeMeter, HistogramMeter, LabelValues, Meters } from './meters.ts';
import { Counter, Gauge, Histogram, Registry } from './prom-client.ts';

/** Of one metric. */
const MOST_LABEL_SETS = 2000;
const MOST_LABEL_LENGTH = 256;
/** Not a character of any label that people write. */
const BETWEEN = '\u0000';

/** The children of a metric by their label values: looking one up is a map's lookup, without prom-client's hash. */
class Children<Child> {
  private readonly known = new Map<string, Child>();

  constructor(private readonly make: (labels: LabelValues) => Child) {}

  of(labels: LabelValues): Child {
    const key = labels.length === 1 ? labels[0]! : labels.join(BETWEEN);
    const known = this.known.get(key);
    if (known) return known;
    if (this.known.size >= MOST_LABEL_SETS) return this.overflow(labels.length);
    const child = this.make(labels.map((value) => value.slice(0, MOST_LABEL_LENGTH)));
    this.known.set(key, child);
    return child;
  }

  private overflow(count: number): Child {
    const key = `${BETWEEN}other`;
    const child = this.known.get(key) ?? this.make(Array<string>(count).fill('other'));
    this.known.set(key, child);
    return child;
  }
}

function histogramMeter(histogram: Histogram, names: readonly string[], guard: Guard): HistogramMeter {
  const named = (labels: LabelValues) => Object.fromEntries(names.map((name, place) => [name, labels[place] ?? '']));
  const children = new Children((labels) => seriesOf(histogram, named(labels)));
  return {
    observe: (labels, value, exemplar) =>
      guard.run('meters.histogram', () => children.of(labels).observe(value, exemplar), undefined),
    series: (labels) => children.of(labels),
  };
}

/** All metrics are made in `registry`, which speaks OpenMetrics where `exemplars` are wanted. */
export function createMeters(guard: Guard): Meters {
  const registry = new Registry();
  // Only a registry that speaks OpenMetrics takes exemplars; it can be read as plain text all the same (expose.ts).
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  return {
    registry,
    counter({ name, help, labels = [] }): CounterMeter {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] });
      const children = new Children((values) => counter.labels(...values));
      return {
        add: (values, by = 1) => guard.run('meters.counter', () => children.of(values).inc(by), undefined),
      };
    },
    histogram({ name, help, labels = [], buckets }): HistogramMeter {
      const histogram = new Histogram({
        name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [registry],
        enableExemplars: true,
      });
      return histogramMeter(histogram, labels, guard);
    },
    gauge({ name, help, labels = [] }, collect): GaugeMeter {
      const meter: GaugeMeter = {
        set: (values, value) => guard.run('meters.gauge', () => children.of(values).set(value), undefined),
      };
      const gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        ...(collect && { collect: () => guard.run('meters.collect', () => collect(meter), undefined) }),
      });
      const children = new Children((values) => gauge.labels(...values));
      return meter;
    },
  };
}
