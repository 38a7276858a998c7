import { finestSchema } from '@nightshift/wire';
import { discoveryReaders } from '../sd/readers.ts';
import { readStaticGroups } from '../sd/static.ts';
import { inheritedKeys, readEscaping, readLimits, readProtocols, readTimes, readValidation } from './global.ts';
import { absolute, httpClientKeys, readHttpClient } from './http-client.ts';
import { readRelabelRules } from './relabel-rules.ts';
import { shownConfig } from './shown.ts';
import {
  type DiscoveryConfig,
  type GlobalConfig,
  type ScrapeConfig,
  type ScrapeProtocol,
  scrapeProtocols,
} from './types.ts';
import type { YamlNode } from './yaml-node.ts';

const ownKeys = [
  'job_name',
  'honor_labels',
  'honor_timestamps',
  'track_timestamps_staleness',
  'params',
  'fallback_scrape_protocol',
  'metrics_path',
  'scheme',
  'enable_compression',
  'native_histogram_bucket_limit',
  'native_histogram_min_bucket_factor',
  'relabel_configs',
  'metric_relabel_configs',
];

const jobKeys = [...ownKeys, ...inheritedKeys, ...httpClientKeys, 'static_configs', ...Object.keys(discoveryReaders)];

/** What a job may say without an effect: requests are HTTP/1.1. */
export const unusedJobKeys: readonly string[] = ['enable_http2'];

/** Discoveries that Prometheus has and Nightshift has not. */
const foreignDiscoveries =
  /^(aws|azure|consul|digitalocean|docker|dockerswarm|ec2|ecs|elasticache|eureka|gce|hetzner|ionos|kuma|lightsail|linode|marathon|msk|nerve|nomad|oci|openstack|outscale|ovhcloud|puppetdb|rds|scaleway|serverset|stackit|triton|uyuni|vultr|xds)_sd_configs$/;

const supported = ['static_configs', ...Object.keys(discoveryReaders)].join(', ');

function unknownHint(key: string): string {
  if (key === 'scrape_classic_histograms') return 'it is called `always_scrape_classic_histograms` now';
  return foreignDiscoveries.test(key) ? `targets can be found by ${supported}; ${key} is not supported` : '';
}

const textFirst: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

function readDiscoveries(node: YamlNode, dir: string): DiscoveryConfig[] {
  return Object.entries(discoveryReaders).flatMap(([kind, read]) =>
    node
      .get(kind)
      .items()
      .map((item) => {
        if (item.isEmpty) item.fail(`empty or null section in ${kind}`);
        return { kind, config: read(item, dir) };
      }),
  );
}

/** A job's names follow its own scheme, and else the global one (config/config.go, ScrapeConfig.Validate). */
function readNames(node: YamlNode, global: GlobalConfig): Pick<ScrapeConfig, 'nameValidation' | 'escaping'> {
  const own = readValidation(node.get('metric_name_validation_scheme'));
  const nameValidation = own || global.nameValidation;
  const inferred = own === '' ? global.escaping : own === 'legacy' ? 'underscores' : 'allow-utf-8';
  const escaping = readEscaping(node.get('metric_name_escaping_scheme')) || inferred;
  if (escaping === 'allow-utf-8' && nameValidation === 'legacy') {
    node.fail('utf8 metric names requested but validation scheme is not set to UTF8');
  }
  return { nameValidation, escaping };
}

/** Reads one entry of `scrape_configs`; paths in it count from `dir`. */
export function readScrapeConfig(node: YamlNode, global: GlobalConfig, dir: string): ScrapeConfig {
  if (node.isEmpty) node.fail('empty or null scrape config section');
  node.expectKeys(jobKeys, unknownHint);
  const jobName = node.get('job_name').text();
  if (!node.isEmpty && jobName === '') node.get('job_name').fail('job_name is empty');
  const names = readNames(node, global);
  const nativeHistograms = node.get('scrape_native_histograms').flag(global.nativeHistograms);
  const standard = nativeHistograms ? (['PrometheusProto', ...textFirst] as const) : textFirst;
  const fallback = node.get('fallback_scrape_protocol');
  const relabel = readRelabelRules(
    node.get('relabel_configs'),
    names.nameValidation,
    'target relabeling rule in scrape config',
  );
  const metricRelabel = node.get('metric_relabel_configs');
  const config = {
    jobName,
    ...readTimes(node, global, ` for scrape config with job name ${JSON.stringify(jobName)}`),
    metricsPath: node.get('metrics_path').text() || '/metrics',
    scheme: node.get('scheme').text() || 'http',
    params: Object.fromEntries(
      node
        .get('params')
        .entries()
        .map(([name, values]) => [name, values.texts()]),
    ),
    honorLabels: node.get('honor_labels').flag(false),
    honorTimestamps: node.get('honor_timestamps').flag(true),
    trackTimestampsStaleness: node.get('track_timestamps_staleness').flag(false),
    protocols: readProtocols(node.get('scrape_protocols')) ?? global.protocols ?? standard,
    fallbackProtocol: fallback.isEmpty ? undefined : fallback.oneOf(scrapeProtocols, 'PrometheusText0.0.4'),
    http: readHttpClient(node, dir),
    enableCompression: node.get('enable_compression').flag(true),
    limits: readLimits(node, global.limits),
    histogramLimits: {
      maxBuckets: node.get('native_histogram_bucket_limit').count(),
      finestSchema: finestSchema(node.get('native_histogram_min_bucket_factor').float()),
    },
    ...names,
    nativeHistograms,
    classicToCustomBuckets: node.get('convert_classic_histograms_to_nhcb').flag(global.classicToCustomBuckets),
    alwaysClassicHistograms: node.get('always_scrape_classic_histograms').flag(global.alwaysClassicHistograms),
    extraMetrics: node.get('extra_scrape_metrics').flag(global.extraMetrics),
    failureLogFile: absolute(dir, node.get('scrape_failure_log_file').text()) || global.failureLogFile,
    relabel,
    metricRelabel: readRelabelRules(metricRelabel, names.nameValidation, 'metric relabeling rule in scrape config'),
    staticGroups: readStaticGroups(node.get('static_configs'), relabel.length === 0),
    discoveries: readDiscoveries(node, dir),
  };
  return { ...config, shown: shownConfig(node.isEmpty ? {} : node.value, config) };
}
