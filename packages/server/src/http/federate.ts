/** Prometheus' federation (https://prometheus.io/docs/prometheus/latest/federation/): the newest samples as exposition text. */
import { parseSelector, type SeriesData } from '@nightshift/promql';
import {
  encodeExposition,
  isStaleMarker,
  type Labels,
  type MetricType,
  type NameEscaping,
  type ShownFamily,
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

/** A series that has ended, by a stale marker, is left out, and so is a native histogram: the format cannot say either. */
function newestOf(series: SeriesData, external: Labels): ShownSample | undefined {
  const { labels, timestamps, values, histograms } = series;
  const last = timestamps.length - 1;
  if (histograms?.[last]) return undefined;
  if (!labels.get('__name__') || isStaleMarker(values, last)) return undefined;
  const shown = new Map(labels);
  for (const [name, value] of external) if (!shown.has(name)) shown.set(name, value);
  // With honor_labels the reader keeps this empty one, and does not take us for the instance.
  if (!shown.has('instance')) shown.set('instance', '');
  return { labels: shown, timestamp: timestamps[last]!, value: values[last]! };
}

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

/** How the reader takes names beyond the classic ones; the last that it says counts. */
function escapingOf(accept: string | undefined): NameEscaping {
  const said = [...(accept ?? '').matchAll(/escaping=([\w-]+)/g)].at(-1)?.[1];
  return said === 'allow-utf-8' ? 'allow-utf-8' : 'underscores';
}

async function newestSamples(deps: FederateDeps, selectors: readonly string[], signal: AbortSignal) {
  const end = deps.now();
  const range = { start: end - deps.lookbackMs, end, step: 0, func: '', range: 0, grouping: [], by: false, signal };
  const bySeries = new Map<string, ShownSample>();
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
      const families = familiesOf(samples, new Map(metadata.map(({ name, type }) => [name, type])));
      const escaping = escapingOf(request.headers.accept);
      reply.header('content-type', `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`);
      return reply.send(encodeExposition(families, escaping));
    });
  });
}
