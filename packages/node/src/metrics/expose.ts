import { Registry } from './prom-client.ts';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Reads the registry as an `Accept` header asks: OpenMetrics (with exemplars) where it is wanted, else text 0.0.4. */
export function createExposition(registry: Registry): (accept: string | undefined) => Promise<Exposition> {
  // The format is a state of the registry, which it looks at while it writes: one reader after the other.
  let last: Promise<unknown> = Promise.resolve();
  return (accept) => {
    const type = wantsOpenMetrics(accept) ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
    const read = async (): Promise<Exposition> => {
      registry.setContentType(type as never);
      return { contentType: type, body: await registry.metrics() };
    };
    const own = last.then(read, read);
    last = own;
    return own;
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
