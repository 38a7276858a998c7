import { TRANSLATION_STRATEGIES } from '@nightshift/wire';
import { z } from 'zod';
import { byteSize, byteSizePattern } from './byte-size.ts';
import { durationMs, durationPattern } from './duration.ts';
import { metricMatchers } from './metric-match.ts';

const duration = (least = '1ms') =>
  z
    .string({ error: 'must be a duration such as 30s, 5m or 30d' })
    .regex(durationPattern, { error: 'must be a duration such as 30s, 5m or 30d' })
    .refine((text) => !durationPattern.test(text) || durationMs(text) >= durationMs(least), {
      error: `must be at least ${least}`,
    })
    .transform(durationMs);

const retentionError = 'must be a duration such as 30d, or 0 for ever';

/** A duration that the bare number 0 switches off. */
const retention = () =>
  z
    .union([z.literal(0), z.string().regex(durationPattern, { error: retentionError })], {
      error: 'must be a duration such as 30d, or 0 for ever',
    })
    .transform((value) => (value === 0 ? 0 : durationMs(value)));

const sizeError = 'must be a size in bytes: a whole number, or one with KiB, MiB or GiB such as 64MiB';

const bytes = (least: number) =>
  z
    .union([z.int().min(0, { error: sizeError }), z.string().regex(byteSizePattern, { error: sizeError })], {
      error: sizeError,
    })
    .transform((value) => (typeof value === 'number' ? value : byteSize(value)))
    .refine((value) => value >= least, { error: `must be at least ${least} bytes` });

const port = () => z.int().min(0).max(65_535);

/** An absolute http or https address, or '' for none. */
const address = () =>
  z
    .string()
    .regex(/^(https?:\/\/[^\s/?#]+[^\s]*)?$/, { error: 'must be an address that begins with http:// or https://' });

const http = z.strictObject({
  // Until somebody configures it otherwise, nobody on the network can reach a fresh installation.
  host: z.string().min(1).default('127.0.0.1').describe('Address that pages, API and ingest listen on.'),
  port: port().default(4300).describe('Port of pages, API and ingest; 0 takes any free one.'),
  // 4318 and 4317 are OpenTelemetry's own, so an exporter needs no configuration.
  otlpPort: port().default(4318).describe('Second port for OTLP over HTTP; 0 takes any free one.'),
  otlpGrpcPort: port()
    .default(4317)
    .describe('Port for OTLP over gRPC; 0 takes any free one, and so does 0 as http.otlpPort.'),
  publicUrl: address()
    .default('')
    .describe(
      'Address under which people reach Nightshift, for links and cookies. With https the session cookie is sent over TLS only. Empty: made from host and port.',
    ),
  // An exporter's batch is well under 4 MiB; four times that leaves room and still bounds what one request can hold.
  maxBodyBytes: bytes(1024).prefault('16MiB').describe('Largest request body as sent, in bytes.'),
  maxDecompressedBytes: bytes(1024)
    .prefault('64MiB')
    .describe('Largest request body after decompression, in bytes. A body is cut as soon as it exceeds this.'),
  // What a token can delete is gone: as in Prometheus, somebody has to want that first.
  adminApi: z
    .boolean()
    .default(false)
    .describe('Whether series can be deleted over HTTP, by /api/v1/admin/tsdb and with the right `admin`.'),
});

const engine = z.strictObject({
  url: address()
    .default('')
    .meta({ writeOnly: true })
    .describe('HTTP address of a ClickHouse server or cluster. Empty: the embedded engine.'),
  user: z.string().min(1).default('default').describe('User of the ClickHouse server; unused when embedded.'),
  password: z
    .string()
    .default('')
    .meta({ writeOnly: true })
    .describe('Password of the ClickHouse server; unused when embedded. Best given as variable.'),
  // With the server process and the head this stays under the 512 MiB promised for everything.
  memoryBytes: bytes(64 * 1024 ** 2)
    .prefault('320MiB')
    .describe('Memory cap of the embedded engine, in bytes.'),
});

const head = z.strictObject({
  // An hour of 100,000 series with a sample every 15 s, at two bytes a sample and what is not packed yet.
  bytes: bytes(1024 ** 2)
    .prefault('96MiB')
    .describe('Memory for the newest samples of every series, in bytes. When it is full, the oldest give way.'),
  // Dashboards and alert rules ask for the last hours; older ranges come from the engine.
  window: duration('1m').prefault('3h').describe('Age up to which samples are kept in memory.'),
  // One or two kilobytes each, for labels and where to find them.
  maxSeries: z
    .int()
    .min(1)
    .default(500_000)
    .describe('Series that may be known. New ones beyond it are refused with 400, known ones go on.'),
});

/** Of one sender; `0` for as much as there is. */
const senderLimits = {
  samplesPerSecond: z
    .int()
    .min(0)
    .describe(
      'Samples that it may send per second in the long run; beyond it, it is told 429 and when to go on. 0: any.',
    ),
  burst: z
    .int()
    .min(0)
    .describe('Samples that it may send at once after a pause; 0: as many as ten seconds of samplesPerSecond.'),
  maxSeries: z
    .int()
    .min(0)
    .describe(
      'Series that it may make known between two starts; new ones beyond it are refused with 400, known ones go on. 0: up to head.maxSeries.',
    ),
  maxBodyBytes: bytes(0).describe(
    'Largest request body as sent, in bytes. 0: as http.maxBodyBytes, which always holds.',
  ),
  maxDecompressedBytes: bytes(0).describe(
    'Largest request body after decompression, in bytes. 0: as http.maxDecompressedBytes, which always holds.',
  ),
  maxConcurrent: z
    .int()
    .min(0)
    .describe('Requests that it may have under way at once; further ones are told 429. 0: any.'),
};

const ingest = z.strictObject({
  // An agent that comes back after an outage must not lose what it kept.
  outOfOrderTimeWindow: retention()
    .prefault(0)
    .describe(
      'Age up to which samples are taken, as `out_of_order_time_window` of Prometheus: older ones are refused with 400. 0: everything that is younger than its retention.',
    ),
  limits: z
    .strictObject({
      samplesPerSecond: senderLimits.samplesPerSecond.default(0),
      burst: senderLimits.burst.default(0),
      maxSeries: senderLimits.maxSeries.default(0),
      maxBodyBytes: senderLimits.maxBodyBytes.prefault(0),
      maxDecompressedBytes: senderLimits.maxDecompressedBytes.prefault(0),
      // Prometheus sends by 50 shards at most, unless it is told otherwise.
      maxConcurrent: senderLimits.maxConcurrent.default(200),
    })
    .prefault({})
    .describe('Bounds of every token that ingest.tokens does not name; tokens of one name share them.'),
  tokens: z
    .record(
      z.string().min(1, { error: 'must be the name of a token' }),
      z.strictObject({
        samplesPerSecond: senderLimits.samplesPerSecond.optional(),
        burst: senderLimits.burst.optional(),
        maxSeries: senderLimits.maxSeries.optional(),
        maxBodyBytes: senderLimits.maxBodyBytes.optional(),
        maxDecompressedBytes: senderLimits.maxDecompressedBytes.optional(),
        maxConcurrent: senderLimits.maxConcurrent.optional(),
      }),
    )
    .prefault({})
    .describe('Bounds of single tokens, by their names: the keys of ingest.limits, which count where one is left out.'),
});

const spool = z.strictObject({
  maxPendingBytes: bytes(1024 ** 2)
    .prefault('1GiB')
    .describe('Accepted data that may wait for the engine, in bytes. Beyond it, senders are told 429.'),
});

/** Why the text chooses no metrics; '' when it does. */
function matchOffence(text: string): string {
  try {
    metricMatchers(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const retentionRule = z.strictObject({
  match: z
    .string()
    .min(1)
    .check((context) => {
      const message = matchOffence(context.value);
      if (message !== '') context.issues.push({ code: 'custom', input: context.value, message });
    })
    .describe('An anchored pattern of metric names such as `debug_.*`, or a selector such as `{env="dev"}`.'),
  keep: retention().describe('Age at which their samples are deleted; 0 keeps them for ever.'),
});

const retentions = z.strictObject({
  metrics: retention()
    .prefault('30d')
    .describe('Age at which samples are deleted, by whole days (UTC); 0 keeps them for ever.'),
  // Without a rule a whole day goes at once, which costs nothing; each age in the rules costs one more pass over a day.
  metricRules: z
    .array(retentionRule)
    .prefault([])
    .describe(
      'Metrics that are kept for less or for more than that: a list of `match` and `keep`; the first match wins.',
    ),
  // Traces are by far the bulkiest per request and are rarely read after an incident's review.
  traces: retention().prefault('7d').describe('Age at which spans are deleted; 0 keeps them for ever.'),
  logs: retention().prefault('14d').describe('Age at which log records are deleted; 0 keeps them for ever.'),
  // All of it is telemetry within seconds; this is a margin for incidents that begin late, at about 1 GB a day of output.
  gatewayEvents: duration('10m')
    .prefault('6h')
    .describe(
      'Age at which what the gateway reported is deleted from the control database. Its traffic, log lines and traces are telemetry as well and kept as such; evidence of incidents stays.',
    ),
});

const scrapeJob = z
  .strictObject({
    job: z.string().min(1).describe('Name of the job; becomes the label `job`.'),
    interval: duration('1s').prefault('15s').describe('Time between two scrapes of a target.'),
    timeout: duration().prefault('10s').describe('Time after which a scrape has failed; at most the interval.'),
    targets: z
      .array(z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):\d{1,5}$/, { error: 'must be host:port' }))
      .min(1)
      .describe('Targets, each host:port; becomes the label `instance`.'),
    labels: z
      .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be a label name' }), z.string())
      .prefault({})
      .describe('Labels added to every series of the job.'),
    metricsPath: z.string().startsWith('/').default('/metrics').describe('Path of the metrics, with its query.'),
    scheme: z.enum(['http', 'https']).default('http').describe('Scheme of the request.'),
  })
  .refine((job) => job.timeout <= job.interval, { error: 'must be at most the interval', path: ['timeout'] });

const hostMetrics = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe('Whether the metrics of this machine are taken, under the names of node_exporter.'),
  interval: duration('1s').prefault('15s').describe('Time between two looks.'),
  labels: z
    .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be a label name' }), z.string())
    .prefault({})
    .describe('Labels of every series. Without their own, `job` is `node` and `instance` the name of the machine.'),
  // A container sees the machine around it where its files are mounted.
  procPath: z.string().min(1).default('/proc').describe("Where the machine's proc filesystem is mounted."),
  sysPath: z.string().min(1).default('/sys').describe("Where the machine's sys filesystem is mounted."),
  rootPath: z.string().min(1).default('/').describe("Where the machine's root filesystem is mounted."),
});

const selfMetrics = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether what /metrics shows is stored as well, with `job="nightshift"`, so that PromQL can ask for it.'),
  interval: duration('1s').prefault('15s').describe('Time between two looks.'),
});

const rules = z.strictObject({
  files: z
    .array(z.string().min(1))
    .prefault([])
    .describe('Files with Prometheus recording and alerting rules, relative to the configuration file.'),
  interval: duration('1s').prefault('15s').describe('Time between two evaluations of a group that sets none itself.'),
});

const sla = z.strictObject({
  // The promise that started this project.
  minutesPerYear: z
    .number()
    .positive()
    .max(525_600)
    .default(15)
    .describe('Downtime promised at most, in minutes per year.'),
});

const guard = z.strictObject({
  // A false alarm takes back a good release at night; at ten releases a day this is one in 270 years.
  falseAlarmRate: z
    .number()
    .gt(0)
    .lt(1)
    .default(1e-6)
    .describe('Bound on the probability that a release no worse than its baseline is ever called bad.'),
  toleratedErrorRatio: z
    .number()
    .min(0)
    .lt(1)
    .default(0.005)
    .describe('Error ratio that is never held against a release, whatever its baseline shows.'),
  slowFactor: z.number().min(1).default(2).describe("A request is slow beyond this multiple of the baseline's p99 …"),
  slowSlackMs: z.number().min(0).default(50).describe('… plus this many milliseconds.'),
  promoteAfterRequests: z
    .int()
    .min(1)
    .default(500)
    .describe('Requests without an alarm before a release is promoted …'),
  promoteAfterMs: z.int().min(0).default(600_000).describe('… and milliseconds; both must have passed.'),
});

const gateway = z.strictObject({
  requestTimeout: duration().prefault('30s').describe('Time after which a version counts as not answering.'),
  // JSON calls are far smaller; uploads above this are passed through and never repeated.
  replayBodyBytes: bytes(0)
    .prefault('1MiB')
    .describe('Request bodies up to this many bytes are kept for a repeat on the last good version.'),
  drain: duration('0').prefault('30s').describe('Time that open requests of a replaced version are given to end.'),
});

const query = z.strictObject({
  timeout: duration().prefault('2m').describe('Time after which a query is stopped.'),
  // Each asks the store; a dashboard's panel has a few, a generated query a hundred.
  maxSelectors: z.int().min(1).default(1000).describe('Selectors that the text of one query may have.'),
  // Prometheus' own limit, and its way of counting.
  maxSamples: z
    .int()
    .min(1)
    .default(50_000_000)
    .describe('Samples that one query may hold at once, counted as Prometheus does; a histogram counts as several.'),
  // A dashboard's panel reads hundreds; ten thousand instances with twenty series each are a query gone wrong.
  maxSeries: z.int().min(1).default(200_000).describe('Series that all selectors of one query may read together.'),
  // About 5 million samples from the disk or 8 million from memory: with the head and the engine it stays under 512 MiB.
  maxBytes: bytes(1024 ** 2)
    .prefault('128MiB')
    .describe(
      'Memory that one query may take, in bytes, estimated from the samples that it loads and the results it makes.',
    ),
  maxTotalBytes: bytes(1024 ** 2)
    .prefault('256MiB')
    .describe(
      'Memory that all running queries may take together, in bytes, by the same estimate. Beyond it they are told 503.',
    ),
  // Prometheus' own limit: a week by the minute, a year by the hour, and more than any screen shows.
  maxPoints: z.int().min(1).default(11_000).describe('Points of each series that a range query may give.'),
  // Prometheus' own limit.
  maxConcurrent: z.int().min(1).default(20).describe('Queries that are evaluated at the same time; further ones wait.'),
  features: z
    .array(
      z.enum([
        'promql-experimental-functions',
        'promql-extended-range-selectors',
        'promql-binop-fill-modifiers',
        'promql-delayed-name-removal',
        'type-and-unit-labels',
        'use-start-timestamps',
      ]),
    )
    .prefault([])
    .describe(
      "What PromQL can do beyond its defaults, by the names of Prometheus' `--enable-feature`: promql-experimental-functions, promql-extended-range-selectors, promql-binop-fill-modifiers, promql-delayed-name-removal, type-and-unit-labels, use-start-timestamps.",
    ),
  // Prometheus allows ten times as many, which would be far more than the memory of everything here.
  remoteReadSamples: z
    .int()
    .min(1)
    .default(5_000_000)
    .describe('Samples that one remote read is answered with at most.'),
  remoteReadConcurrency: z
    .int()
    .min(1)
    .default(10)
    .describe('Remote reads that are answered at the same time; further ones wait.'),
  lookback: duration('1s').prefault('5m').describe('Age up to which the last sample of a series counts as its value.'),
});

const attributeNames = () => z.array(z.string().min(1)).prefault([]);

/** The keys of Prometheus' section of this name, as they are there, and what deltas need. */
const otlp = z.strictObject({
  translation_strategy: z
    .enum(TRANSLATION_STRATEGIES)
    .default('UnderscoreEscapingWithSuffixes')
    .describe(
      'How OpenTelemetry names become names of metrics and labels: UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation.',
    ),
  promote_resource_attributes: attributeNames().describe(
    'Resource attributes that become labels of every series; service.version and deployment.environment.name always do.',
  ),
  promote_all_resource_attributes: z
    .boolean()
    .default(false)
    .describe('Whether all resource attributes become labels of every series, but the ignored ones.'),
  ignore_resource_attributes: attributeNames().describe(
    'Resource attributes that do not; only with promote_all_resource_attributes.',
  ),
  keep_identifying_resource_attributes: z
    .boolean()
    .default(false)
    .describe('Whether target_info has service.name, service.namespace and service.instance.id as labels too.'),
  promote_scope_metadata: z
    .boolean()
    .default(false)
    .describe(
      "Whether the scope's name, version, schema URL and attributes become labels otel_scope_… of every series.",
    ),
  label_name_underscore_sanitization: z
    .boolean()
    .default(true)
    .describe('Whether `key` goes in front of an escaped label name that begins with one underscore.'),
  label_name_preserve_multiple_underscores: z
    .boolean()
    .default(true)
    .describe('Whether several underscores in a row stay in an escaped label name.'),
  // 53 MB of sums, or 74 MB of histograms with 14 bounds.
  delta_max_streams: z
    .int()
    .min(1)
    .default(50_000)
    .describe(
      'Streams of delta temporality whose totals are in memory; those of further ones are read from the store.',
    ),
  delta_max_age: duration('1m')
    .prefault('1h')
    .describe('Time after which a stream of delta temporality that was not added to begins again, from zero.'),
});

const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe("Least severity of Nightshift's own log lines."),
});

/** Everything that can be set. Durations are milliseconds and sizes bytes once loaded. */
export const configSchema = z
  .strictObject({
    dataDir: z
      .string()
      .min(1)
      .default('.nightshift')
      .describe(
        'Directory of everything that is stored. A relative path counts from the configuration file, or else from the working directory.',
      ),
    http: http.prefault({}).describe('Pages, API and ingest.'),
    engine: engine.prefault({}).describe('The storage engine.'),
    head: head.prefault({}).describe('The newest samples, in memory.'),
    spool: spool.prefault({}).describe('Accepted data on its way to the engine.'),
    ingest: ingest.prefault({}).describe('What senders may send.'),
    retention: retentions.prefault({}).describe('How long telemetry is kept.'),
    scrape: z.array(scrapeJob).prefault([]).describe('Targets whose metrics are fetched.'),
    scrapeConfigFile: z
      .string()
      .default('')
      .describe(
        'A Prometheus configuration file whose `scrape_configs` are followed as well, relative to the configuration file. What else it says is named in the log and not used.',
      ),
    selfMetrics: selfMetrics.prefault({}).describe("Nightshift's own metrics."),
    hostMetrics: hostMetrics.prefault({}).describe('Metrics of the machine that Nightshift runs on.'),
    rules: rules.prefault({}).describe('Recording and alerting rules.'),
    sla: sla.prefault({}).describe('What was promised.'),
    guard: guard.prefault({}).describe('When a release is called bad or good.'),
    gateway: gateway.prefault({}).describe('The reverse proxy in front of applications.'),
    query: query.prefault({}).describe('Limits of queries.'),
    otlp: otlp
      .prefault({})
      .refine(
        ({ promote_all_resource_attributes: all, promote_resource_attributes: some }) => !all || some.length === 0,
        { error: 'must be empty with promote_all_resource_attributes', path: ['promote_resource_attributes'] },
      )
      .refine(
        ({ promote_all_resource_attributes: all, ignore_resource_attributes: ignored }) => all || ignored.length === 0,
        { error: 'needs promote_all_resource_attributes', path: ['ignore_resource_attributes'] },
      )
      .describe('How OTLP metrics become series.'),
    externalLabels: z
      .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be a label name' }), z.string())
      .prefault({})
      .describe('Labels that every series gets on its way out by remote read and federation, unless it has them.'),
    log: log.prefault({}).describe("Nightshift's own log."),
  })
  .refine(({ http }) => http.port === 0 || http.port !== http.otlpPort, {
    error: 'must differ from http.port',
    path: ['http', 'otlpPort'],
  })
  .refine(
    ({ http: { port, otlpPort, otlpGrpcPort } }) =>
      otlpPort === 0 || otlpGrpcPort === 0 || (otlpGrpcPort !== port && otlpGrpcPort !== otlpPort),
    { error: 'must differ from http.port and http.otlpPort', path: ['http', 'otlpGrpcPort'] },
  )
  .refine(({ scrape }) => new Set(scrape.map(({ job }) => job)).size === scrape.length, {
    error: 'must give every job a name of its own',
    path: ['scrape'],
  });

export type Config = z.output<typeof configSchema>;
