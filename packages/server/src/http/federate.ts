/**
 * Prometheus' federation (https://prometheus.io/docs/prometheus/latest/federation/): the newest samples as exposition text, or
 * as protobuf where the reader prefers it, which alone can say native histograms.
 */
import { CUSTOM_SCHEMA, parseSelector, type SeriesData } from '@nightshift/promql';
import {
  classicName,
  cumulativeBuckets,
  encodeExposition,
  encodeProtobufExposition,
  isStaleMarker,
  type Labels,
  type MetricType,
  type NameEscaping,
  type NativeHistogram,
  type ShownFamily,
  type ShownProtobufFamily,
  type ShownSample,
} from '@nightshift/wire';
import type { FastifyInstance } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';
import type { MetricStore } from '../store/store.ts';
import { clientGone } from './client-gone.ts';
import { sendPlainFailure } from './plain-failure.ts';

export interface FederateDeps {
  readonly metrics: MetricStore;
  /** Labels that every series gets unless it has them. */
  readonly externalLabels: Labels;
  readonly lookbackMs: number;
  /** Samples of one answer. */
  readonly maxSamples: number;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** The newest sample of a series; where it is a histogram, `value` has no meaning. */
interface NewestSample extends ShownSample {
  readonly histogram?: NativeHistogram;
}

/** A series that has ended, by a stale marker, is left out: no format can say that. */
function newestOf(series: SeriesData, external: Labels): NewestSample | undefined {
  const { labels, timestamps, values, histograms } = series;
  const last = timestamps.length - 1;
  const histogram = histograms?.[last];
  if (!labels.get('__name__') || (!histogram && isStaleMarker(values, last))) return undefined;
  const shown = new Map(labels);
  for (const [name, value] of external) if (!shown.has(name)) shown.set(name, value);
  // With honor_labels the reader keeps this empty one, and does not take us for the instance.
  if (!shown.has('instance')) shown.set('instance', '');
  return { labels: shown, timestamp: timestamps[last]!, value: values[last]!, ...(histogram && { histogram }) };
}

const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

const PARTS: Readonly<Record<string, readonly MetricType[]>> = {
  _bucket: ['histogram'],
  _sum: ['histogram', 'summary'],
  _count: ['histogram', 'summary'],
};
const SIMPLE: readonly MetricType[] = ['counter', 'gauge', 'summary'];

interface FamilyOf {
  readonly name: string;
  readonly type: ShownFamily['type'];
}

/** The family of a series: by its own name, or as a part of a histogram or summary. */
function familyOf(name: string, types: ReadonlyMap<string, MetricType>): FamilyOf {
  const own = types.get(name);
  if (own !== undefined && SIMPLE.includes(own)) return { name, type: own as ShownFamily['type'] };
  // OpenMetrics names the family of a counter without it.
  if (name.endsWith('_total') && types.get(name.slice(0, -'_total'.length)) === 'counter')
    return { name, type: 'counter' };
  for (const [suffix, kinds] of Object.entries(PARTS)) {
    if (own !== undefined || !name.endsWith(suffix)) continue;
    const base = name.slice(0, -suffix.length);
    const type = types.get(base);
    if (type !== undefined && kinds.includes(type)) return { name: base, type: type as ShownFamily['type'] };
  }
  return { name, type: 'untyped' };
}

const PART_ORDER = ['', '_bucket', '_sum', '_count'];

/** Within a family: samples of one label set together, its buckets or quantiles ascending, then sum and count. */
function inOrder(family: string, samples: readonly ShownSample[]): ShownSample[] {
  const placed = samples.map((sample) => {
    const { __name__: name = '', le, quantile, ...others } = Object.fromEntries(sample.labels);
    const bound = Number((le ?? quantile ?? '0').replace(/Inf$/, 'Infinity'));
    return { sample, key: JSON.stringify(others), part: PART_ORDER.indexOf(name.slice(family.length)), bound };
  });
  placed.sort((a, b) => compareText(a.key, b.key) || a.part - b.part || a.bound - b.bound || 0);
  return placed.map(({ sample }) => sample);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Families in order of name, each with its type where the metadata knows it. */
function familiesOf(samples: readonly ShownSample[], types: ReadonlyMap<string, MetricType>): ShownFamily[] {
  const families = new Map<string, { type: ShownFamily['type']; samples: ShownSample[] }>();
  for (const sample of samples) {
    const { name, type } = familyOf(sample.labels.get('__name__') ?? '', types);
    const family = families.get(name);
    if (!family) families.set(name, { type, samples: [sample] });
    else {
      family.samples.push(sample);
      // A plain series under the name of a histogram: no type fits both.
      if (family.type !== type) family.type = 'untyped';
    }
  }
  return [...families]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, { type, samples }]) => ({ name, type, samples: inOrder(name, samples) }));
}

/** As text can say it: a histogram of custom buckets as a classic one, an exponential one not at all. */
function asText({ histogram, ...sample }: NewestSample): ShownSample[] {
  if (!histogram) return [sample];
  if (histogram.schema !== CUSTOM_SCHEMA) return [];
  const { labels, timestamp } = sample;
  const part = (suffix: string, value: number, le?: string): ShownSample => {
    const own = new Map([...labels, ['__name__', `${labels.get('__name__')}${suffix}`] as const]);
    return { labels: le === undefined ? own : new Map([...own, ['le', le]]), timestamp, value };
  };
  const buckets = cumulativeBuckets(histogram).map(({ bound, count }) => part('_bucket', count, String(bound)));
  const rest = [part('_bucket', histogram.count, '+Inf'), part('_sum', histogram.sum), part('_count', histogram.count)];
  return [...buckets, ...rest];
}

/** Floats and histograms of one name are families of their own, as Prometheus takes them. */
function protobufFamilies(
  samples: readonly NewestSample[],
  types: ReadonlyMap<string, MetricType>,
  escaping: NameEscaping,
): ShownProtobufFamily[] {
  const families = new Map<string, { name: string; type: ShownProtobufFamily['type']; metrics: ProtobufMetric[] }>();
  const shown = (name: string) => (escaping === 'allow-utf-8' ? name : classicName(name));
  for (const { labels, timestamp, value, histogram } of samples) {
    const own = labels.get('__name__') ?? '';
    const { type: ofFloat } = familyOf(own, types);
    const float = ofFloat === 'counter' || ofFloat === 'gauge' ? ofFloat : 'untyped';
    const type = histogram ? (histogram.resetHint === 'gauge' ? 'gaugehistogram' : 'histogram') : float;
    const name = shown(own);
    const family = families.get(`${type} ${name}`) ?? { name, type, metrics: [] };
    families.set(`${type} ${name}`, family);
    const pairs = [...labels].map(([label, text]) => [shown(label), text] as const);
    family.metrics.push({ labels: new Map(pairs), timestamp, value: histogram ?? value });
  }
  return [...families.values()].sort((a, b) => compareText(a.name, b.name));
}

type ProtobufMetric = ShownProtobufFamily['metrics'][number];

/** Whether the reader likes protobuf better than text (RFC 9110, section 12.5.1); it has to name it. */
function prefersProtobuf(accept: string | undefined): boolean {
  const qualityOf = (pattern: RegExp): number => {
    const found = (accept ?? '').split(',').filter((one) => pattern.test(one));
    return Math.max(0, ...found.map((one) => Number(/;\s*q=([\d.]+)/.exec(one)?.[1] ?? 1)));
  };
  const protobuf = qualityOf(
    /application\/vnd\.google\.protobuf.*proto=io\.prometheus\.client\.MetricFamily.*encoding=delimited/,
  );
  return protobuf > 0 && protobuf >= qualityOf(/text\/plain|\*\/\*/);
}

/** How the reader takes names beyond the classic ones; the last that it says counts. */
function escapingOf(accept: string | undefined): NameEscaping {
  const said = [...(accept ?? '').matchAll(/escaping=([\w-]+)/g)].at(-1)?.[1];
  return said === 'allow-utf-8' ? 'allow-utf-8' : 'underscores';
}

async function newestSamples(deps: FederateDeps, selectors: readonly string[], signal: AbortSignal) {
  const end = deps.now();
  const range = { start: end - deps.lookbackMs, end, step: 0, func: '', range: 0, grouping: [], by: false, signal };
  const bySeries = new Map<string, NewestSample>();
  let held = 0;
  // Asked while the store loads: an answer that is too large is refused before it is in memory.
  const budget = {
    series: () => {},
    samples: (count: number) => {
      held += count;
      if (held <= deps.maxSamples) return;
      const reason = `exceeded sample limit (${deps.maxSamples}); choose fewer series with match[], or raise query.maxSamples`;
      throw new NightshiftError('QUERY_LIMIT', { reason });
    },
  };
  for (const matchers of selectors.map((text) => parseSelector(text))) {
    for (const series of await deps.metrics.select({ ...range, matchers, budget })) {
      const sample = newestOf(series, deps.externalLabels);
      if (sample) bySeries.set(JSON.stringify([...series.labels]), sample);
    }
    signal.throwIfAborted();
  }
  return [...bySeries.values()];
}

/** GET /federate?match[]=…, with the right `read`. Without a selector the answer is empty. */
export function federateRoutes(app: FastifyInstance, deps: FederateDeps): void {
  app.register(async (scope) => {
    scope.setErrorHandler(sendPlainFailure);
    scope.get('/federate', { config: { right: 'read' } }, async (request, reply) => {
      const signal = AbortSignal.any([clientGone(request, reply), AbortSignal.timeout(deps.timeoutMs)]);
      const { searchParams } = new URL(request.url, 'http://localhost');
      const samples = await newestSamples(deps, searchParams.getAll('match[]'), signal);
      const metadata = await deps.metrics.metadata(undefined, Number.MAX_SAFE_INTEGER);
      const types = new Map(metadata.map(({ name, type }) => [name, type]));
      const escaping = escapingOf(request.headers.accept);
      if (prefersProtobuf(request.headers.accept)) {
        reply.header('content-type', `${PROTOBUF}; escaping=${escaping}`);
        return reply.send(Buffer.from(encodeProtobufExposition(protobufFamilies(samples, types, escaping))));
      }
      const families = familiesOf(samples.flatMap(asText), types);
      reply.header('content-type', `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`);
      return reply.send(encodeExposition(families, escaping));
    });
  });
}
