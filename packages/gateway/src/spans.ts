import type { TraceContext } from './trace-context.ts';

/** One asking of one version, for its CLIENT span. Times are Unix ms with fractions. */
export interface AttemptSpan {
  readonly spanId: string;
  readonly release: string;
  readonly version: string;
  readonly port: number | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** null where no answer came. */
  readonly status: number | null;
  readonly error: string;
  /** 0 for the first asking (http.request.resend_count). */
  readonly resend: number;
}

export interface ExchangeSpans {
  readonly service: string;
  readonly environment: string;
  readonly context: TraceContext;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly userAgent: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the user was given; null where the connection was cut. */
  readonly status: number | null;
  readonly error: string;
  readonly attempts: readonly AttemptSpan[];
}

const SERVER = 2;
const CLIENT = 3;
const STATUS_ERROR = 2;

/**
 * An ExportTraceServiceRequest in OTLP/JSON: a SERVER span and one CLIENT span for each version that was asked.
 * Attributes follow the stable HTTP semantic conventions 1.23 (https://opentelemetry.io/docs/specs/semconv/http/http-spans/).
 * The gateway knows no route templates, and a path may hold ids, so by the same conventions a span is named by its method only.
 */
export function exchangeSpans(exchange: ExchangeSpans): unknown {
  const resource = { 'service.name': exchange.service, 'deployment.environment.name': exchange.environment };
  const spans = [serverSpan(exchange), ...exchange.attempts.map((attempt) => clientSpan(exchange, attempt))];
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [{ scope: { name: 'nightshift.gateway' }, spans }],
      },
    ],
  };
}

function serverSpan(exchange: ExchangeSpans): unknown {
  const { context, method, status, error } = exchange;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(context.parentSpanId ? { parentSpanId: context.parentSpanId } : {}),
    name: method,
    kind: SERVER,
    startTimeUnixNano: nanoseconds(exchange.startedAt),
    endTimeUnixNano: nanoseconds(exchange.endedAt),
    attributes: attributes({ ...httpAttributes(exchange), ...outcome(status, error) }),
    ...spanStatus(status, error, 500),
  };
}

function clientSpan(exchange: ExchangeSpans, attempt: AttemptSpan): unknown {
  return {
    traceId: exchange.context.traceId,
    spanId: attempt.spanId,
    parentSpanId: exchange.context.spanId,
    name: exchange.method,
    kind: CLIENT,
    startTimeUnixNano: nanoseconds(attempt.startedAt),
    endTimeUnixNano: nanoseconds(attempt.endedAt),
    attributes: attributes({
      'http.request.method': exchange.method,
      'url.path': pathOnly(exchange.path),
      'server.address': '127.0.0.1',
      'server.port': attempt.port ?? 0,
      'nightshift.release': attempt.release,
      'service.version': attempt.version,
      ...(attempt.resend > 0 ? { 'http.request.resend_count': attempt.resend } : {}),
      ...outcome(attempt.status, attempt.error),
    }),
    ...spanStatus(attempt.status, attempt.error, 400),
  };
}

function httpAttributes(exchange: ExchangeSpans): Record<string, string | number> {
  const query = exchange.path.indexOf('?');
  return {
    'http.request.method': exchange.method,
    'url.path': pathOnly(exchange.path),
    'url.scheme': 'http',
    ...(query === -1 ? {} : { 'url.query': exchange.path.slice(query + 1) }),
    ...(exchange.host ? { 'server.address': exchange.host } : {}),
    ...(exchange.userAgent ? { 'user_agent.original': exchange.userAgent } : {}),
  };
}

function outcome(status: number | null, error: string): Record<string, string | number> {
  if (status === null) return { 'error.type': error || 'connection' };
  return status >= 500
    ? { 'http.response.status_code': status, 'error.type': String(status) }
    : { 'http.response.status_code': status };
}

/** By the conventions a 4xx is an error of a CLIENT span and none of a SERVER span. */
function spanStatus(status: number | null, error: string, errorFrom: number): { status?: unknown } {
  if (status !== null && status < errorFrom) return {};
  return { status: { code: STATUS_ERROR, ...(error ? { message: error } : {}) } };
}

function pathOnly(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** OTLP/JSON carries 64-bit integers as decimal strings. */
function nanoseconds(unixMs: number): string {
  return String(BigInt(Math.round(unixMs * 1000)) * 1000n);
}

function attributes(values: Readonly<Record<string, string | number>>): unknown[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}
