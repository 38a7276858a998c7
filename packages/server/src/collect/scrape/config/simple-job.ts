import { finestSchema } from '@nightshift/wire';
import { shownConfig } from './shown.ts';
import { defaultGlobal, defaultHttpClient, type ScrapeConfig } from './types.ts';

/** A job of Nightshift's own configuration: fixed targets, and what most of them need. */
export interface ScrapeJob {
  readonly job: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly scheme: 'http' | 'https';
  /** With its query, if it has one. */
  readonly metricsPath: string;
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

function paramsOf(query: string): Record<string, string[]> {
  const params: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) params[name] = [...(params[name] ?? []), value];
  return params;
}

/** The job in the terms of Prometheus' configuration; a label of the job wins over the automatic `job` and `instance`. */
export function configOf({
  job,
  intervalMs,
  timeoutMs,
  scheme,
  metricsPath,
  targets,
  labels,
}: ScrapeJob): ScrapeConfig {
  const [path = '', ...query] = metricsPath.split('?');
  const config: Omit<ScrapeConfig, 'shown'> = {
    jobName: job,
    intervalMs,
    timeoutMs,
    metricsPath: path,
    scheme,
    params: paramsOf(query.join('?')),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    protocols: ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'],
    // Whatever it calls itself, a simple exporter writes the text format.
    fallbackProtocol: 'PrometheusText0.0.4',
    http: defaultHttpClient,
    enableCompression: true,
    limits: defaultGlobal.limits,
    histogramLimits: { maxBuckets: 0, finestSchema: finestSchema(0) },
    nameValidation: 'utf8',
    escaping: 'allow-utf-8',
    nativeHistograms: false,
    classicToCustomBuckets: false,
    alwaysClassicHistograms: false,
    extraMetrics: false,
    failureLogFile: '',
    relabel: [],
    metricRelabel: [],
    staticGroups: [
      {
        source: '0',
        targets: targets.map((address) => new Map([['__address__', address]])),
        labels: new Map(Object.entries(labels)),
      },
    ],
    discoveries: [],
  };
  const own = Object.keys(labels).length > 0 ? { labels } : {};
  return { ...config, shown: shownConfig({ static_configs: [{ targets, ...own }] }, config) };
}
