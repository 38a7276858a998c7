/** How names are made, by the names of Prometheus' `otlp.translation_strategy`. */
export const TRANSLATION_STRATEGIES = [
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
] as const;

export type TranslationStrategy = (typeof TRANSLATION_STRATEGIES)[number];

/** What Prometheus' section `otlp` sets (prometheus/config/config.go, OTLPConfig). */
export interface OtlpSettings {
  readonly translationStrategy: TranslationStrategy;
  /** Resource attributes that are labels of every series of the resource. */
  readonly promoteResourceAttributes: readonly string[];
  /** All of them but `ignoreResourceAttributes`, instead of the list above. */
  readonly promoteAllResourceAttributes: boolean;
  readonly ignoreResourceAttributes: readonly string[];
  /** Whether `target_info` has service.name, service.namespace and service.instance.id as labels too. */
  readonly keepIdentifyingResourceAttributes: boolean;
  /** Whether every series has the labels `otel_scope_name`, `otel_scope_version` and those of the scope's attributes. */
  readonly promoteScopeMetadata: boolean;
  /** Whether `key` goes in front of an escaped label name that begins with one underscore. */
  readonly labelNameUnderscoreSanitization: boolean;
  /** Whether several underscores in a row stay in an escaped label name. */
  readonly labelNamePreserveMultipleUnderscores: boolean;
  /** Age in milliseconds up to which a query takes a sample for a value: `target_info` is written twice as often. */
  readonly lookbackMs: number;
}

export const defaultOtlpSettings: OtlpSettings = {
  translationStrategy: 'UnderscoreEscapingWithSuffixes',
  promoteResourceAttributes: [],
  promoteAllResourceAttributes: false,
  ignoreResourceAttributes: [],
  keepIdentifyingResourceAttributes: false,
  promoteScopeMetadata: false,
  labelNameUnderscoreSanitization: true,
  labelNamePreserveMultipleUnderscores: true,
  lookbackMs: 300_000,
};
