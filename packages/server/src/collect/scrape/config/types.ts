import type { Labels } from '@nightshift/wire';
import type { NameValidation, RelabelRule } from '../../relabel/rule.ts';
import type { TargetGroup } from '../discovery.ts';

export const scrapeProtocols = [
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
  'PrometheusProto',
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
] as const;

export type ScrapeProtocol = (typeof scrapeProtocols)[number];

export const escapingSchemes = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;

export type EscapingScheme = (typeof escapingSchemes)[number];

/** A text that stands in the configuration, or in a file that is read whenever it is needed; '' for none. */
export interface Secret {
  readonly text: string;
  readonly file: string;
}

export interface TlsConfig {
  readonly ca: Secret;
  readonly cert: Secret;
  readonly key: Secret;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** `TLS10` … `TLS13`, '' for what the runtime has. */
  readonly minVersion: string;
  readonly maxVersion: string;
}

export interface ProxyConfig {
  readonly proxyUrl: string;
  readonly noProxy: string;
  readonly fromEnvironment: boolean;
  readonly connectHeader: Readonly<Record<string, readonly string[]>>;
}

export interface OAuth2Config {
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes: readonly string[];
  readonly tokenUrl: string;
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig;
}

export interface HttpClientConfig {
  readonly basicAuth: { readonly username: Secret; readonly password: Secret } | undefined;
  readonly authorization: { readonly type: string; readonly credentials: Secret } | undefined;
  readonly oauth2: OAuth2Config | undefined;
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig;
  readonly followRedirects: boolean;
  readonly headers: Readonly<Record<string, readonly Secret[]>>;
}

export interface SampleLimits {
  /** 0 for no limit, each of them. */
  readonly samples: number;
  readonly targets: number;
  readonly labels: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
  /** Bytes of a body, decompressed. */
  readonly bodyBytes: number;
  readonly keptDroppedTargets: number;
}

/** What native histograms of a job may have; finer ones lose resolution. */
export interface HistogramLimits {
  /** Buckets of one histogram, 0 for no limit. */
  readonly maxBuckets: number;
  readonly finestSchema: number;
}

/** What a job takes where it says nothing itself. */
export interface GlobalConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly limits: SampleLimits;
  readonly protocols: readonly ScrapeProtocol[] | undefined;
  readonly nameValidation: NameValidation;
  readonly escaping: EscapingScheme;
  readonly nativeHistograms: boolean;
  readonly classicToCustomBuckets: boolean;
  readonly alwaysClassicHistograms: boolean;
  readonly extraMetrics: boolean;
  /** An absolute path, '' for none. */
  readonly failureLogFile: string;
  readonly externalLabels: Labels;
}

/** Where targets of a job come from; `config` is what the reader of its kind made of it. */
export interface DiscoveryConfig {
  /** Such as `file_sd_configs`. */
  readonly kind: string;
  readonly config: unknown;
}

/** One entry of `scrape_configs` with everything filled in. Plain data: two that are equal as JSON do the same. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  /** The most wanted first. */
  readonly protocols: readonly ScrapeProtocol[];
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly http: HttpClientConfig;
  readonly enableCompression: boolean;
  readonly limits: SampleLimits;
  readonly histogramLimits: HistogramLimits;
  readonly nameValidation: NameValidation;
  readonly escaping: EscapingScheme;
  readonly nativeHistograms: boolean;
  readonly classicToCustomBuckets: boolean;
  readonly alwaysClassicHistograms: boolean;
  readonly extraMetrics: boolean;
  /** Where failed scrapes are written down, each as a line of JSON; '' for nowhere. */
  readonly failureLogFile: string;
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
  readonly staticGroups: readonly TargetGroup[];
  readonly discoveries: readonly DiscoveryConfig[];
  /** What people see of it: what was written, with the most important of what was not, and without secrets. */
  readonly shown: Readonly<Record<string, unknown>>;
}

const noSecret: Secret = { text: '', file: '' };

export const noTls: TlsConfig = {
  ca: noSecret,
  cert: noSecret,
  key: noSecret,
  serverName: '',
  insecureSkipVerify: false,
  minVersion: '',
  maxVersion: '',
};

export const defaultHttpClient: HttpClientConfig = {
  basicAuth: undefined,
  authorization: undefined,
  oauth2: undefined,
  tls: noTls,
  proxy: { proxyUrl: '', noProxy: '', fromEnvironment: false, connectHeader: {} },
  followRedirects: true,
  headers: {},
};

export const defaultGlobal: GlobalConfig = {
  intervalMs: 60_000,
  timeoutMs: 10_000,
  limits: {
    samples: 0,
    targets: 0,
    labels: 0,
    labelNameLength: 0,
    labelValueLength: 0,
    bodyBytes: 0,
    keptDroppedTargets: 0,
  },
  protocols: undefined,
  nameValidation: 'utf8',
  escaping: 'allow-utf-8',
  nativeHistograms: false,
  classicToCustomBuckets: false,
  alwaysClassicHistograms: false,
  extraMetrics: false,
  failureLogFile: '',
  externalLabels: new Map(),
};
