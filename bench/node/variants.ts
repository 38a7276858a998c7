/** What is compared: each a set of arguments and variables for the same application. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface Variant {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether spans must have arrived. */
  readonly exports?: boolean;
  /** What an application would import, for the time that takes; none where nothing is imported. */
  readonly module?: string;
}

export interface Places {
  /** Directory of the built package. */
  readonly built: string;
  /** Where OTLP is taken. */
  readonly receiver: string;
}

/** The first one is what all others are compared with. */
export function variantsOf({ built, receiver }: Places): readonly Variant[] {
  const peers = createRequire(join(process.cwd(), 'packages/node/test/package.json'));
  const own = ['--require', join(built, 'dist/register.cjs')];
  const ownModule = join(built, 'dist/index.js');
  const openTelemetry = peers.resolve('@opentelemetry/auto-instrumentations-node/register');
  const prometheus = {
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    OTEL_SERVICE_NAME: 'bench',
  };
  const pushed = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver, OTEL_METRIC_EXPORT_INTERVAL: '1000' };
  return [
    { name: 'nothing', args: [], env: {} },
    { name: 'nightshift, disabled', args: own, env: { METRICS_ENABLED: 'false' } },
    { name: 'nightshift, metrics', args: own, env: { METRICS_TRACE_RATE: '0' }, module: ownModule },
    {
      name: 'nightshift, traces at 10 %',
      args: own,
      env: { METRICS_TRACE_RATE: '0.1', ...pushed },
      exports: true,
    },
    {
      name: 'prom-client, own middleware',
      args: [],
      env: { BENCH_MIDDLEWARE: '1' },
      module: createRequire(import.meta.url).resolve('prom-client'),
    },
    {
      name: 'OpenTelemetry, metrics',
      args: ['--require', openTelemetry],
      env: { ...prometheus, OTEL_TRACES_EXPORTER: 'none' },
      module: openTelemetry,
    },
    {
      name: 'OpenTelemetry, traces at 10 %',
      args: ['--require', openTelemetry],
      env: {
        ...prometheus,
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.1',
      },
      exports: true,
    },
  ];
}
