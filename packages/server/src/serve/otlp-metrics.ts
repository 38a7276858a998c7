import { OtlpMetrics } from '../collect/otlp/otlp-metrics.ts';
import type { SampleAge } from '../collect/sample-age.ts';
import type { Config } from '../config/schema.ts';
import type { NightshiftStore } from '../store/open.ts';

/** The receiver of OTLP metrics, as configured. */
export function otlpMetricsOf(
  { otlp, query, http }: Pick<Config, 'otlp' | 'query' | 'http'>,
  store: NightshiftStore,
  now: () => number,
  age: SampleAge,
): OtlpMetrics {
  return new OtlpMetrics({
    sink: store,
    source: store.metrics,
    now,
    age,
    maxDecompressedBytes: http.maxDecompressedBytes,
    maxDeltaStreams: otlp.delta_max_streams,
    maxDeltaAgeMs: otlp.delta_max_age,
    settings: {
      translationStrategy: otlp.translation_strategy,
      promoteResourceAttributes: otlp.promote_resource_attributes,
      promoteAllResourceAttributes: otlp.promote_all_resource_attributes,
      ignoreResourceAttributes: otlp.ignore_resource_attributes,
      keepIdentifyingResourceAttributes: otlp.keep_identifying_resource_attributes,
      promoteScopeMetadata: otlp.promote_scope_metadata,
      labelNameUnderscoreSanitization: otlp.label_name_underscore_sanitization,
      labelNamePreserveMultipleUnderscores: otlp.label_name_preserve_multiple_underscores,
      lookbackMs: query.lookback,
    },
  });
}
