import { type Exclusion, excluded } from './exclusion.ts';

const SCRAPE_TEXTS = 'curated/exposition_inputs.json';

const EXPOSITION = excluded(
  'exposition',
  SCRAPE_TEXTS,
  'Is the text form of a protobuf message, which the Go test encodes; no target sends it. Protobuf itself is tested with real targets.',
  [2331, 2358, 2391, 6241, 6289].map((line) => `scrape_scrape_test.json:${line}`),
);

const OPEN_METRICS = [
  ...excluded(
    'openmetrics',
    'openmetrics',
    'Samples are taken one by one, as by Prometheus and VictoriaMetrics: a target that either of them scrapes is not lost ' +
      'for a value that its type does not allow, or for what its samples say together.',
    [
      'bad_counter_values_1',
      'bad_counter_values_12',
      'bad_counter_values_15',
      'bad_counter_values_18',
      'bad_counter_values_3',
      'bad_counter_values_6',
      'bad_counter_values_9',
      'bad_grouping_or_ordering_10',
      'bad_grouping_or_ordering_4',
      'bad_grouping_or_ordering_7',
      'bad_histograms_1',
      'bad_histograms_12',
      'bad_histograms_2',
      'bad_histograms_8',
      'bad_info_and_stateset_values_1',
      'bad_missing_or_invalid_labels_for_a_type_2',
      'bad_missing_or_invalid_labels_for_a_type_5',
      'bad_stateset_info_values_2',
    ],
  ),
  ...excluded(
    'openmetrics',
    'openmetrics',
    'An exemplar is taken wherever it stands, as by Prometheus since 3.0, whose native histograms have theirs there.',
    [
      'bad_exemplars_on_unallowed_metric_types_0',
      'bad_exemplars_on_unallowed_samples_0',
      'bad_exemplars_on_unallowed_samples_3',
    ],
  ),
  ...excluded(
    'openmetrics',
    'openmetrics',
    'Metadata may stand anywhere and be said again, and the last counts, as in Prometheus: it changes no sample.',
    [
      'bad_clashing_names_1',
      'bad_metadata_in_wrong_place_1',
      'bad_repeated_metadata_0',
      'bad_repeated_metadata_3',
      'bad_unit_6',
    ],
  ),
  ...excluded('openmetrics', 'openmetrics', 'A comma may end the labels, as in Prometheus since 3.0.', [
    'bad_missing_or_extra_commas_2',
  ]),
];

const ownSetting = (what: string) =>
  `Is about ${what}, for which Nightshift has settings of its own; a file with that section loads, and the start names the section as one without effect.`;

const CONFIGURATIONS = [
  ...excluded('configurations', 'testdata', ownSetting('alerting'), [
    'empty_alert_relabel_config.bad.yml',
    'empty_alertmanager_relabel_config.bad.yml',
  ]),
  ...excluded('configurations', 'testdata', ownSetting('remote read'), [
    'empty_rr_config.bad.yml',
    'remote_read_dup.bad.yml',
    'remote_read_header.bad.yml',
    'remote_read_url_missing.bad.yml',
  ]),
  ...excluded('configurations', 'testdata', ownSetting('OTLP'), [
    'otlp_allow_utf8.bad.yml',
    'otlp_allow_utf8.incompatible.yml',
    'otlp_ignore_resource_attributes_without_promote_all.bad.yml',
    'otlp_no_translation.incompatible.yml',
    'otlp_promote_all_resource_attributes.bad.yml',
    'otlp_sanitize_ignore_resource_attributes.bad.yml',
    'otlp_sanitize_promote_resource_attributes.bad.yml',
  ]),
  ...excluded('configurations', 'testdata', ownSetting('tracing'), [
    'tracing_invalid_authorization_header.bad.yml',
    'tracing_invalid_compression.bad.yml',
    'tracing_invalid_header.bad.yml',
    'tracing_missing_endpoint.bad.yml',
  ]),
  ...excluded('configurations', 'testdata', ownSetting('storage'), [
    'tsdb_chunk_encoding_floats.bad.yml',
    'tsdb_chunk_encoding_floats_wrong_case.bad.yml',
    'tsdb_chunk_encoding_floats_wrong_case_xor2.bad.yml',
    'tsdb_retention_percentage.bad.yml',
    'tsdb_retention_percentage_negative.bad.yml',
    'tsdb_retention_size.bad.yml',
    'tsdb_retention_time.bad.yml',
  ]),
  ...excluded('configurations', 'testdata', ownSetting('the places of rule files'), ['rules.bad.yml']),
  ...excluded(
    'configurations',
    'testdata',
    'Finds targets in clouds and registries, of which none but Kubernetes is supported; such a file is refused as a whole, ' +
      'each discovery named, because its targets would be missing in silence.',
    ['conf.good.yml', 'roundtrip.good.yml', 'scrape_config_files_glob.good.yml'],
  ),
  ...excluded(
    'configurations',
    'testdata',
    'Has `localhost:9090` as an address, which Go reads as the scheme `localhost`; no request can be sent there, so it is refused.',
    ['remote_write_retry_on_rate_limit.good.yml'],
  ),
];

const RULE_FILES = excluded(
  'rule files',
  'prometheus/model/rulefmt/testdata',
  'Is bad only where names may not be UTF-8, which Prometheus can be set to and Nightshift cannot.',
  ['legacy_validation_annotation.bad.yaml'],
);

const SENDER = excluded(
  'remote-write sender',
  'retry_test.go',
  'The agent tries again, rarely, and says that access is denied: a token or an address that is not right is no fault of ' +
    'the data, which would be lost while somebody puts it right.',
  ['TestRetryBehavior/no_retry_on_401', 'TestRetryBehavior/no_retry_on_404'],
);

export const COLLECTION: readonly Exclusion[] = [
  ...EXPOSITION,
  ...OPEN_METRICS,
  ...CONFIGURATIONS,
  ...RULE_FILES,
  ...SENDER,
];
