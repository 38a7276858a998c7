import type { LoadedConfig } from '../config/load.ts';
import { shownConfig } from '../config/shown.ts';
import type { Installation } from '../http/prometheus/deps.ts';
import { formatDuration } from '../http/prometheus/durations.ts';
import { featuresOf } from '../query/features.ts';

/** Settings under the names of Prometheus' flags, for clients that look there. */
function flagsOf({ config, sources }: LoadedConfig): Record<string, string> {
  const { query, http, retention, log } = config;
  const written = (path: string) => String(sources.get(path)?.value ?? '');
  return {
    'config.file': 'nightshift.yaml',
    'enable-feature': query.features.join(','),
    'log.level': log.level,
    'query.lookback-delta': written('query.lookback'),
    'query.max-concurrency': String(query.maxConcurrent),
    'query.max-samples': String(query.maxSamples),
    'query.timeout': written('query.timeout'),
    'storage.remote.read-concurrent-limit': String(query.remoteReadConcurrency),
    'storage.remote.read-sample-limit': String(query.remoteReadSamples),
    'storage.tsdb.retention.time': formatDuration(retention.metrics),
    'web.enable-otlp-receiver': 'true',
    'web.enable-remote-write-receiver': 'true',
    'web.external-url': http.publicUrl,
    'web.listen-address': `${http.host}:${http.port}`,
  };
}

/** What there is, in the categories and by the names that Prometheus has for its own. */
function featureTable({ config }: LoadedConfig): Record<string, Record<string, boolean>> {
  const on = featuresOf(config.query.features);
  return {
    api: {
      exclude_alerts: true,
      label_values_match: true,
      otlp_write_receiver: true,
      query_stats: true,
      query_warnings: true,
      remote_write_receiver: true,
      search: false,
      time_range_labels: true,
      time_range_series: true,
    },
    promql: {
      anchored: on.extendedRangeSelectors ?? false,
      at_modifier: true,
      bool: true,
      by: true,
      delayed_name_removal: on.delayedNameRemoval ?? false,
      duration_expr: true,
      experimental_functions: on.experimentalFunctions ?? false,
      fill: on.fillModifiers ?? false,
      fill_left: on.fillModifiers ?? false,
      fill_right: on.fillModifiers ?? false,
      group_left: true,
      group_right: true,
      ignoring: true,
      negative_offset: true,
      offset: true,
      on: true,
      per_query_lookback_delta: true,
      per_step_stats: true,
      smoothed: on.extendedRangeSelectors ?? false,
      start_timestamps: on.startTimestamps ?? false,
      subqueries: true,
      type_and_unit_labels: on.typeAndUnitLabels ?? false,
      without: true,
    },
    rules: { concurrent_rule_eval: false, keep_firing_for: true, query_offset: true },
  };
}

export function installationOf(
  loaded: LoadedConfig,
  { version, startedAt, dataDir }: Pick<Installation, 'version' | 'startedAt' | 'dataDir'>,
): Installation {
  const { metrics } = loaded.config.retention;
  return {
    version,
    startedAt,
    dataDir,
    configYaml: shownConfig(loaded.sources),
    flags: flagsOf(loaded),
    features: featureTable(loaded),
    retention: metrics === 0 ? 'for ever' : formatDuration(metrics),
  };
}
