/** Every setting, in one table: the type of the options, what is read from the environment, and the reference page. */
import { flag, names, number, protocol, rates, text, texts, url, type ValueKind, wholeNumber } from './values.ts';

export interface Key<T = unknown> {
  readonly kind: ValueKind<T>;
  readonly fallback: T;
  /** The library's own variable first, then OpenTelemetry's; the first one that is set counts. */
  readonly variables: readonly string[];
  /** OpenTelemetry's variables that say it for one signal. Here all signals share the value; a wrong one is complained of. */
  readonly bySignal?: readonly string[];
  /** Never shown. */
  readonly secret?: boolean;
  readonly help: string;
}

const key = <T>(kind: ValueKind<T>, fallback: T, variables: readonly string[], help: string): Key<T> => ({
  kind,
  fallback,
  variables,
  help,
});

const secret = <T>(of: Key<T>): Key<T> => ({ ...of, secret: true });

const unlimited = Number.POSITIVE_INFINITY;

export const keys = {
  enabled: key(flag, true, ['METRICS_ENABLED'], 'Whether the library does anything at all.'),
  serviceName: key(
    text,
    '',
    ['OTEL_SERVICE_NAME'],
    'Name of the service; empty: `service.name` of the resource, else the name in the package.json of the working directory.',
  ),
  resourceAttributes: key(
    texts,
    {},
    ['OTEL_RESOURCE_ATTRIBUTES'],
    'Attributes of the resource, such as service.version and deployment.environment.name.',
  ),
  samplingRate: key(
    rates,
    { default: 1 },
    ['METRICS_SAMPLING_RATE'],
    'Share of operations that the buffer keeps, for all kinds or by kind. Failed and slow ones are always kept. Metrics are never sampled.',
  ),
  samplingTarget: key(
    number(0, unlimited, ' a second; 0: the rate is fixed'),
    0,
    ['METRICS_SAMPLING_TARGET'],
    'Operations a second that are kept of each kind; the rate adapts.',
  ),
  samplingMinimum: key(
    wholeNumber(0, 100_000),
    10,
    ['METRICS_SAMPLING_MINIMUM'],
    'So many operations of each kind and minute are kept whatever the rate.',
  ),
  slowQueryThreshold: key(
    number(0, unlimited, ' seconds'),
    1,
    ['METRICS_SLOW_QUERY_THRESHOLD'],
    'From this duration on an operation is slow: always kept, with its normalised text.',
  ),
  bufferSize: key(
    wholeNumber(1, 1_000_000),
    1000,
    ['METRICS_BUFFER_SIZE'],
    'Operations that are kept of each kind; the oldest make room.',
  ),
  dashboardToken: secret(
    key(
      text,
      '',
      ['METRICS_DASHBOARD_TOKEN'],
      'Opens the dashboard and /metrics of the library. Empty: only a check of the application’s own opens them.',
    ),
  ),
  traceRate: key(
    number(0, 1),
    1,
    ['METRICS_TRACE_RATE', 'OTEL_TRACES_SAMPLER_ARG'],
    'Share of new traces that are sampled where there is an endpoint to push them to; a trace that comes from elsewhere keeps what was decided there.',
  ),
  endpoint: key(
    url,
    '',
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'NIGHTSHIFT_SERVER'],
    'Where metrics, traces and logs are pushed by OTLP over HTTP. Empty: nowhere.',
  ),
  protocol: {
    ...key(
      protocol,
      'http/protobuf',
      ['OTEL_EXPORTER_OTLP_PROTOCOL'],
      'How OTLP is spoken with the endpoint, for all signals.',
    ),
    bySignal: ['TRACES', 'METRICS', 'LOGS'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`),
  },
  token: secret(key(text, '', ['NIGHTSHIFT_TOKEN'], 'Sent along as a bearer token.')),
  headers: secret(key(texts, {}, ['OTEL_EXPORTER_OTLP_HEADERS'], 'Headers that are sent along.')),
  exportInterval: key(
    wholeNumber(100, 86_400_000, ' milliseconds'),
    15_000,
    ['OTEL_METRIC_EXPORT_INTERVAL'],
    'Between two pushes.',
  ),
  exportTimeout: key(
    wholeNumber(10, 600_000, ' milliseconds'),
    10_000,
    ['OTEL_EXPORTER_OTLP_TIMEOUT'],
    'How long one push may take.',
  ),
  exportQueue: key(
    wholeNumber(16, 1_000_000),
    2048,
    ['OTEL_BSP_MAX_QUEUE_SIZE'],
    'Spans and log records that wait for a push, each; what is beyond is dropped and counted.',
  ),
  logs: key(
    flag,
    true,
    ['METRICS_LOGS'],
    'Whether lines of console, pino, winston and bunyan are pushed, with their trace.',
  ),
  profileInterval: key(
    number(0, unlimited, ' seconds; 0: on demand only'),
    0,
    ['METRICS_PROFILE_INTERVAL'],
    'Between two profiles of processor and heap.',
  ),
  profileDuration: key(number(1, 120, ' seconds'), 10, ['METRICS_PROFILE_DURATION'], 'How long a profile watches.'),
  without: key(
    names,
    [],
    ['METRICS_WITHOUT'],
    'What is left alone, by name: http, fetch, express, pg, console and so on. A name that is none is answered with those that there are.',
  ),
} as const;

export type KeyName = keyof typeof keys;

type ValueOf<K> = K extends Key<infer T> ? T : never;

/** As the application gives them; what is left out comes from the environment, else is the default. */
export type Options = {
  readonly [Name in KeyName]?: Name extends 'samplingRate'
    ? number | Readonly<Record<string, number>>
    : ValueOf<(typeof keys)[Name]>;
};

export type Values = { readonly [Name in KeyName]: ValueOf<(typeof keys)[Name]> };
