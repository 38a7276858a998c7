import { Registry } from './prom-client.ts';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Reads the registry as an `Accept` header asks: OpenMetrics (with exemplars) where it is wanted, else text 0.0.4. */
export function createExposition(registry: Registry): (accept: string | undefined) => Promise<Exposition> {
  return async (accept) => {
    const type = wantsOpenMetrics(accept) ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
    return { contentType: type, body: await viewOf(registry, type).metrics() };
  };
}

/**
 * The same metrics with a format of their own. To write OpenMetrics, prom-client takes `_total` from the names of counters,
 * and would do so for whoever reads them next: the counters of the view are stand-ins.
 */
function viewOf(registry: Registry, type: string): Registry {
  const getMetricsAsArray = () => (registry.getMetricsAsArray() as unknown as Readable[]).map(standIn);
  const view = Object.create(registry, { getMetricsAsArray: { value: getMetricsAsArray } }) as Registry;
  view.setContentType(type as never);
  return view;
}

interface Readable {
  name: string;
  readonly type: string;
  get(): Promise<object>;
}

function standIn(metric: Readable): Readable {
  if (metric.type !== 'counter') return metric;
  const { name, type } = metric;
  return {
    name,
    type,
    async get() {
      return { ...(await metric.get()), name: this.name };
    },
  };
}

const OPEN_METRICS = 'application/openmetrics-text';

function wantsOpenMetrics(accept = ''): boolean {
  return qualityOf(accept, OPEN_METRICS) > 0 && qualityOf(accept, OPEN_METRICS) >= qualityOf(accept, 'text/plain');
}

/** Of the first entry that names exactly this type (https://www.rfc-editor.org/rfc/rfc9110#name-accept); 0 for none. */
function qualityOf(accept: string, type: string): number {
  for (const entry of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = entry.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return quality ? Number(quality.slice(2)) || 0 : 1;
  }
  return 0;
}
