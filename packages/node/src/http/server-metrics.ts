import type { CounterMeter, HistogramMeter, HistogramSeries, Meters } from '../metrics/meters.ts';

/** What a connection speaks; one object for each, which is compared by identity. */
export interface Protocol {
  readonly scheme: 'http' | 'https';
  readonly version: string;
}

/** All that the requests of one protocol, route, method and outcome are counted in. */
export interface ServerSeries {
  /** As the buffer names them: `GET /users/:id`. */
  readonly name: string;
  readonly labels: { readonly route: string; readonly method: string; readonly status: string };
  readonly took: HistogramSeries;
  readonly tookByConvention: HistogramSeries;
  readonly requestSize: HistogramSeries;
  readonly responseSize: HistogramSeries;
}

/** How a response ended: `client` and `server` say who gave it up. */
export type Outcome = 'finished' | 'client' | 'server';

/** Seconds (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration). */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Bytes. */
const SIZE_BUCKETS = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const MOST_ROUTES = 500;
const LABELS = ['route', 'method', 'status'];

type Statuses = Map<string, ServerSeries>;
type Methods = Map<string, Statuses>;
type Routes = Map<string, Methods>;

/** Of the server, for all its protocols. Routes beyond a bound are `other`, and without a route `unknown`. */
export class ServerMetrics {
  inFlight = 0;
  private readonly took: HistogramMeter;
  private readonly tookByConvention: HistogramMeter;
  private readonly requestSize: HistogramMeter;
  private readonly responseSize: HistogramMeter;
  private readonly aborted: CounterMeter;
  private readonly protocols = new Map<Protocol, Routes>();

  constructor(meters: Meters) {
    this.took = meters.histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests that were served, by the template of their route.',
      labels: LABELS,
      buckets: DURATION_BUCKETS,
    });
    this.tookByConvention = meters.histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP server requests, with the attributes of OpenTelemetry.',
      labels: [
        'http_request_method',
        'url_scheme',
        'http_route',
        'http_response_status_code',
        'error_type',
        'network_protocol_version',
      ],
      buckets: DURATION_BUCKETS,
    });
    const size = (name: string, help: string) =>
      meters.histogram({ name, help, labels: LABELS, buckets: SIZE_BUCKETS });
    this.requestSize = size('http_request_size_bytes', 'Size of the bodies of requests, as they came.');
    this.responseSize = size(
      'http_response_size_bytes',
      'Size of the bodies of responses as sent, with the framing of chunks.',
    );
    this.aborted = meters.counter({
      name: 'http_requests_aborted_total',
      help: 'Requests whose response was not sent to its end, by who gave it up.',
      labels: ['route', 'method', 'by'],
    });
    const flying = { name: 'http_requests_in_flight', help: 'Requests that are being served.' };
    meters.gauge(flying, (gauge) => gauge.set([], this.inFlight));
  }

  abort(series: ServerSeries, by: Outcome): void {
    this.aborted.add([series.labels.route, series.labels.method, by]);
  }

  /** `status` is '' if none was sent. */
  series(protocol: Protocol, route: string | undefined, method: string, status: string, by: Outcome): ServerSeries {
    const routes = entry<Protocol, Routes>(this.protocols, protocol);
    const known = route === undefined ? 'unknown' : routes.has(route) || routes.size < MOST_ROUTES ? route : 'other';
    const methods = entry<string, Methods>(routes, known);
    const statuses = entry<string, Statuses>(methods, method);
    const outcome = by === 'finished' ? status : `${status} ${by}`;
    const found = statuses.get(outcome);
    if (found) return found;
    const made = this.make(protocol, known, method, status, by);
    statuses.set(outcome, made);
    return made;
  }

  private make(protocol: Protocol, route: string, method: string, status: string, by: Outcome): ServerSeries {
    const labels = { route, method, status: status || 'none' };
    const values = [route, method, labels.status];
    const template = route === 'unknown' ? '' : route;
    const error = by === 'finished' ? (status >= '500' ? status : '') : `aborted_by_${by}`;
    return {
      name: `${method} ${route}`,
      labels,
      took: this.took.series(values),
      tookByConvention: this.tookByConvention.series([
        method,
        protocol.scheme,
        template,
        status,
        error,
        protocol.version,
      ]),
      requestSize: this.requestSize.series(values),
      responseSize: this.responseSize.series(values),
    };
  }
}

function entry<Key, Value extends Map<string, unknown>>(map: Map<Key, Value>, key: Key): Value {
  const found = map.get(key);
  if (found) return found;
  const made = new Map() as Value;
  map.set(key, made);
  return made;
}

/** The label of a status code, which applications may set to anything. */
export function statusLabel(status: unknown): string {
  const code = Number(status);
  return Number.isInteger(code) && code >= 100 && code <= 999 ? String(code) : 'other';
}
