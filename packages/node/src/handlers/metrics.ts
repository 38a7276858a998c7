import type { Started } from '../core/start.ts';
import { createExposition } from '../metrics/expose.ts';
import { type AccessOptions, Gate } from './access.ts';
import { answer, compressed, notAllowed, text } from './answers.ts';
import { createHandler, type Handler } from './handler.ts';

export interface MetricsOptions extends AccessOptions {
  /** Anybody may read them: for a port that only the collector reaches. */
  readonly open?: boolean;
}

const CLOSED =
  'These metrics are closed. Set METRICS_DASHBOARD_TOKEN (or the option dashboardToken) and send it as a bearer token, ' +
  'or mount ns.metrics({ check: (request) => … }), or ns.metrics({ open: true }) where only the collector comes.';

/** The metrics as Prometheus reads them: OpenMetrics with exemplars, or text 0.0.4, compressed if asked. */
export function createMetricsHandler({ settings, meters, guard }: Started, options: MetricsOptions = {}): Handler {
  const gate = new Gate(settings.dashboardToken, options.check?.bind(options), guard);
  const expose = createExposition(meters.registry);
  return createHandler(guard, 'metrics.handler', async (asked) => {
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return notAllowed('GET, HEAD');
    const access = options.open ? 'granted' : await gate.judge(asked);
    if (access === 'closed') return text(403, CLOSED);
    if (access === 'refused') return text(403, 'The check of the application refused this request.');
    if (access === 'slow') return text(429, 'Too many wrong tokens.', { 'retry-after': '1' });
    if (access !== 'granted') {
      return text(401, 'A bearer token is wanted: METRICS_DASHBOARD_TOKEN.', { 'www-authenticate': 'Bearer' });
    }
    const { contentType, body } = await expose(asked.header('accept'));
    return compressed(asked, answer(200, contentType, body));
  });
}
