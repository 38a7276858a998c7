import { isDeepStrictEqual } from 'node:util';
import type { Check } from '../remote-write-index.ts';
import { both, each, every, holds, isStale, labelOf, named, namedWithEnds, seriesIn } from './facts.ts';
import type { RawHistogram, RawSample, RawSeries } from './raw-request.ts';
import type { Received } from './receiver.ts';
import type { Recording } from './run.ts';
import { HELP, LARGE_COUNT, LONG, LONG_NAME, SPECIAL, UNICODE, VALUES } from './target.ts';

/** prometheus.MetricMetadata.MetricType */
const TYPES = { counter: 1, gauge: 2, histogram: 3, summary: 5 } as const;

/** Samples and histograms of the time when they were scraped. */
const isRecent = (timestamp: number): boolean => Math.abs(Date.now() - timestamp) < 300_000;

/** What requests hold: the checks of the index by the names of their cases. */
export function encodingChecks({ v2, v1 }: Recording): Record<string, Check> {
  const value = (name: string, expected = Number(VALUES[name]?.replace('Inf', 'Infinity'))): Check => {
    return () =>
      each(v2, `value_${name}`, ({ samples }) => samples.every((one) => Object.is(one.value, expected)), name);
  };
  const label = (name: string, expected: string): Check => {
    return () => each(v2, name, (series) => labelOf(series, 'label') === expected, 'with its label as it was');
  };
  const exemplars = (name: string) => named(v2, name).flatMap((series) => series.exemplars);
  const hasExemplar = (name: string, wanted: string): Check => {
    return () => {
      const found = exemplars(name);
      const labels = found.map((one) => new Map(one.labels));
      return holds(
        found.length > 0 && labels.every((one) => one.has(wanted)),
        `no ${wanted} at each of ${found.length}`,
      );
    };
  };
  const allExemplars = () => seriesIn(v2).flatMap((series) => series.exemplars);
  const described = (name: string, type: keyof typeof TYPES, help: string, unit = ''): Check => {
    const expected = { type: TYPES[type], help, unit };
    return () =>
      each(v2, name, ({ metadata }) => isDeepStrictEqual(metadata, expected), `of ${JSON.stringify(expected)}`);
  };
  const histograms = (name: string, check: (one: RawHistogram) => boolean, what: string): Check => {
    return () =>
      each(
        v2,
        name,
        ({ histograms: own, samples }) => [...(own.every(check) ? own : [])].length + samples.length > 0,
        what,
      );
  };
  const samples = (received: readonly Received[]) => seriesIn(received).flatMap((series) => series.samples);
  const labels = (check: (series: RawSeries) => boolean, what: string): Check => {
    return () => both(every(v2, check, what), every(v1, check, what));
  };
  /** Oldest first, whatever the request: times of one series never go back. */
  const ordered = (name: string): string | undefined => {
    const last = new Map<string, number>();
    for (const series of named(v2, name)) {
      const key = JSON.stringify(series.labels);
      for (const { timestamp } of [...series.samples, ...series.histograms]) {
        if (timestamp <= (last.get(key) ?? -1)) return `${key} goes back to ${timestamp}`;
        last.set(key, timestamp);
      }
    }
    return holds(last.size > 0, `no ${name} was sent`);
  };
  const symbolsAreFew = () => {
    const repeated = v2.find(({ request }) => new Set(request.symbols).size !== request.symbols.length);
    return holds(repeated === undefined, 'a text stands twice in the table');
  };
  const sizes = v2.map(({ request }) => request.series.length);
  const hasPairs = () => holds(v2.length > 0 && v2.every(({ request }) => request.hasPairs), 'a list is not of pairs');
  const basicRequest = () =>
    v2.find(({ request }) => request.series.some((series) => labelOf(series, '__name__') === 'ticks_total'));
  const namesTogether = (...names: readonly string[]): Check => {
    return () => {
      const series = basicRequest()?.request.series ?? [];
      const missing = names.find((name) => !series.some((one) => labelOf(one, '__name__') === name));
      return holds(missing === undefined, `${missing} is not in the same request`);
    };
  };
  const isMany = () => {
    const found = new Set(named(v2, 'many').map((series) => labelOf(series, 'series'))).size;
    return holds(found === 3000, `${found} of 3000 series`);
  };
  const startsBefore = ({ start, timestamp }: RawSample | RawHistogram) => start <= timestamp;

  return {
    'TestBatchingBehavior/multiple_series_per_request': () =>
      holds(Math.max(...sizes) > 10, `${sizes} series a request`),
    'TestBatchingBehavior/batch_size_reasonable': () =>
      holds(Math.max(...sizes) <= 10_000, `${sizes} series a request`),
    'TestBatchingBehavior/handles_varying_cardinality': isMany,
    'TestBatchingBehavior/efficient_symbol_reuse': symbolsAreFew,
    'TestBatchingBehavior/metadata_batching': () =>
      each(v2, 'ticks_total', ({ samples: own, metadata }) => own.length > 0 && metadata !== undefined, 'with both'),
    'TestCombinedFeatures/samples_with_metadata': described('ticks_total', 'counter', 'Counts scrapes.'),
    'TestCombinedFeatures/samples_with_exemplars': hasExemplar('hits_total', 'trace_id'),
    'TestCombinedFeatures/histogram_with_metadata_and_exemplars': () =>
      each(
        v2,
        'request_seconds_bucket',
        (series) => series.exemplars.length === 1 && series.metadata?.unit === 'seconds',
        'with both',
      ),
    'TestCombinedFeatures/multiple_metric_types': namesTogether('ticks_total', 'temperature', 'size_bytes_count'),
    'TestCombinedFeatures/high_cardinality_labels': isMany,
    'TestCombinedFeatures/complete_metric_family': namesTogether(
      'size_bytes_bucket',
      'size_bytes_sum',
      'size_bytes_count',
    ),
    'TestCombinedFeatures/mixed_labels_and_metadata': described('told', 'gauge', HELP),
    'TestCombinedFeatures/real_world_scenario': namesTogether(
      'ticks_total',
      'temperature',
      'latency_seconds_count',
      'size_bytes_bucket',
      'up',
    ),
    'TestEdgeCases/empty_scrape': () => {
      const ups = named(v2, 'up').filter((series) => labelOf(series, 'job') === 'empty');
      return holds(
        ups.length > 0 && ups.some((series) => series.samples[0]?.value === 1),
        'the empty target is not up',
      );
    },
    'TestEdgeCases/huge_label_values': label('long_label_value', LONG),
    'TestEdgeCases/unicode_in_labels': label('unicode', UNICODE),
    'TestEdgeCases/many_timeseries': isMany,
    'TestEdgeCases/high_cardinality': isMany,
    'TestEdgeCases/very_long_metric_name': () => each(v2, LONG_NAME, () => true, 'sent'),
    'TestEdgeCases/special_float_combinations': () => {
      const names = Object.keys(VALUES);
      const sent = new Set(v2.flatMap(({ request }) => request.series.map((series) => labelOf(series, '__name__'))));
      return holds(
        names.every((name) => sent.has(`value_${name}`)),
        'not all of them were sent',
      );
    },
    'TestEdgeCases/zero_timestamp': () =>
      each(v2, 'at_zero', (series) => series.samples.every(({ timestamp }) => timestamp === 0), 'at 0'),
    'TestEdgeCases/future_timestamp': () =>
      each(v2, 'ahead', (series) => series.samples.every(({ timestamp }) => timestamp > 0), 'with its time'),
    'TestEdgeCases/metric_name_with_colons': () => each(v2, 'job:rule:sum', () => true, 'sent'),
    'TestEdgeCases/stale_marker': () => {
      const own = namedWithEnds(v2, 'goes_away').flatMap((series) => series.samples);
      return holds(own.length > 1 && own.map(isStale).lastIndexOf(false) < own.length - 1, `ends ${own.map(isStale)}`);
    },
    'TestEdgeCases/mixed_sample_and_histogram_families': () =>
      both(
        each(v2, 'native_seconds', (series) => series.histograms.length + series.samples.length > 0, 'sent'),
        each(v2, 'ticks_total', (series) => series.samples.length > 0, 'sent'),
      ),
    'TestExemplarEncoding/exemplar_with_trace_id': hasExemplar('hits_total', 'trace_id'),
    'TestExemplarEncoding/exemplar_with_span_id': () => {
      const own = exemplars('request_seconds_bucket').filter((one) => new Map(one.labels).has('span_id'));
      return holds(own.length > 0, 'no exemplar with a span_id');
    },
    'TestExemplarEncoding/exemplar_value_valid': () => {
      const values = new Set(exemplars('request_seconds_bucket').map((one) => one.value));
      return holds(isDeepStrictEqual([...values].sort(), [0.25, 7.5]), `values ${[...values]}`);
    },
    'TestExemplarEncoding/exemplar_timestamp_valid': () => {
      const all = allExemplars();
      return holds(all.length > 0 && all.every(({ timestamp }) => isRecent(timestamp)), 'not all of now');
    },
    'TestExemplarEncoding/exemplar_labels_valid_refs': () =>
      // The reader throws where a reference leads to no symbol.
      holds(
        allExemplars().every(({ labels: own }) => own.length > 0),
        'an exemplar has lost its labels',
      ),
    'TestExemplarEncoding/exemplar_custom_labels': () => {
      const own = exemplars('request_seconds_bucket').filter((one) => new Map(one.labels).has('custom'));
      return holds(own.length > 0, 'no exemplar with another label');
    },
    'TestExemplarEncoding/exemplar_on_histogram': () =>
      each(v2, 'request_seconds_bucket', (series) => series.exemplars.length === 1, 'with its exemplar'),
    'TestExemplarEncoding/exemplar_labels_even_length': hasPairs,
    'TestExemplarEncoding/multiple_exemplars_per_series': () => {
      const count = new Set(exemplars('hits_total').map((one) => JSON.stringify(one.labels))).size;
      return holds(count > 1, `${count} different exemplars of one series`);
    },
    'TestHistogramEncoding/native_histogram_structure': () =>
      each(
        v2,
        'native_seconds',
        ({ histograms: own, samples: floats }) =>
          floats.length + own.length === 1 &&
          own.every(
            ({ positive, negative }) => isDeepStrictEqual(positive, [1, 3, 2]) && isDeepStrictEqual(negative, [1, 2]),
          ),
        'with its buckets',
      ),
    'TestHistogramEncoding/histogram_count_present': histograms('native_seconds', ({ count }) => count > 10, 'counted'),
    'TestHistogramEncoding/histogram_sum_present': histograms(
      'native_seconds',
      ({ sum, count }) => sum === count * 1.5,
      'with its sum',
    ),
    'TestHistogramEncoding/histogram_buckets_ordered': histograms(
      'native_seconds',
      ({ positive }) => isDeepStrictEqual(positive, [1, 3, 2]),
      'in order',
    ),
    'TestHistogramEncoding/histogram_positive_buckets': histograms(
      'native_seconds',
      ({ positive }) => positive.length === 3,
      'with positive buckets',
    ),
    'TestHistogramEncoding/histogram_negative_buckets': histograms(
      'native_seconds',
      ({ negative }) => negative.length === 2,
      'with negative buckets',
    ),
    'TestHistogramEncoding/histogram_zero_bucket': histograms(
      'native_seconds',
      ({ zeroCount, count }) => zeroCount === count - 9,
      'with a zero bucket',
    ),
    'TestHistogramEncoding/histogram_schema': histograms('native_seconds', ({ schema }) => schema === 3, 'of schema 3'),
    'TestHistogramEncoding/histogram_timestamp': histograms(
      'native_seconds',
      ({ timestamp }) => isRecent(timestamp),
      'of now',
    ),
    'TestHistogramEncoding/histogram_no_mixed_with_samples': () =>
      every(v2, (series) => series.samples.length === 0 || series.histograms.length === 0, 'one or the other'),
    'TestHistogramEncoding/histogram_empty_buckets': histograms('native_empty', ({ count }) => count === 0, 'empty'),
    'TestHistogramEncoding/histogram_large_counts': histograms(
      'native_large',
      ({ count, positive }) => count === LARGE_COUNT && positive[1] === LARGE_COUNT / 2,
      'with its counts',
    ),
    'TestLabelValidation/label_lexicographic_ordering': labels(
      (series) => series.labels.every(([name], i) => i === 0 || (series.labels[i - 1]?.[0] ?? '') < name),
      'in order of name',
    ),
    'TestLabelValidation/metric_name_label_present': labels((series) => !!labelOf(series, '__name__'), 'named'),
    'TestLabelValidation/metric_name_format_valid': labels(
      (series) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(labelOf(series, '__name__') ?? ''),
      'a name of a metric',
    ),
    'TestLabelValidation/label_name_format_valid': labels(
      (series) => series.labels.every(([name]) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)),
      'names of labels',
    ),
    'TestLabelValidation/no_duplicate_label_names': labels(
      (series) => new Set(series.labels.map(([name]) => name)).size === series.labels.length,
      'each once',
    ),
    'TestLabelValidation/label_names_not_empty': labels(
      (series) => series.labels.every(([name]) => name !== ''),
      'named',
    ),
    // A label without a value is none, and need not be sent.
    'TestLabelValidation/label_values_may_be_empty': () =>
      each(v2, 'empty_value', (series) => (labelOf(series, 'label') ?? '') === '', 'sent'),
    'TestLabelValidation/reserved_label_prefix': labels(
      (series) => series.labels.every(([name]) => name === '__name__' || !name.startsWith('__')),
      'without labels for our own use',
    ),
    'TestLabelValidation/unicode_in_label_values': label('unicode', UNICODE),
    'TestLabelValidation/special_chars_in_label_values': label('special', SPECIAL),
    'TestLabelValidation/very_long_label_names': () =>
      each(v2, 'long_label_name', (series) => labelOf(series, LONG_NAME) === '1', 'with its label'),
    'TestLabelValidation/very_long_label_values': label('long_label_value', LONG),
    // Job and instance beside its sixty, and its name.
    'TestLabelValidation/many_labels_per_series': () =>
      each(v2, 'many_labels', (series) => series.labels.length === 63, 'with all labels'),
    'TestMetadataEncoding/metadata_type_counter': described('ticks_total', 'counter', 'Counts scrapes.'),
    'TestMetadataEncoding/metadata_type_gauge': described('temperature', 'gauge', 'It is warm.'),
    'TestMetadataEncoding/metadata_type_histogram': described('size_bytes_bucket', 'histogram', 'A histogram.'),
    'TestMetadataEncoding/metadata_type_summary': described('latency_seconds', 'summary', 'A summary.'),
    'TestMetadataEncoding/metadata_help_text': described('ticks_total', 'counter', 'Counts scrapes.'),
    'TestMetadataEncoding/metadata_unit': described(
      'request_seconds_bucket',
      'histogram',
      'How long requests take.',
      'seconds',
    ),
    'TestMetadataEncoding/metadata_help_with_newlines': described('told', 'gauge', HELP),
    'TestMetadataEncoding/metadata_help_with_special_chars': described('told', 'gauge', HELP),
    // The reader throws where a reference leads to no symbol.
    'TestMetadataEncoding/metadata_help_refs_valid': () =>
      holds(
        seriesIn(v2).some(({ metadata }) => metadata !== undefined && metadata.help !== ''),
        'no help was sent',
      ),
    'TestMetadataEncoding/metadata_consistent_across_series': () => {
      const rooms = named(v2, 'temperature').map(({ metadata }) => JSON.stringify(metadata));
      return holds(rooms.length > 1 && new Set(rooms).size === 1, `${[...new Set(rooms)]}`);
    },
    'TestMetadataEncoding/metadata_empty_help_allowed': described('no_help', 'gauge', ''),
    'TestSampleEncoding/float_value_encoding': value('regular'),
    'TestSampleEncoding/integer_value_encoding': value('integer'),
    'TestSampleEncoding/zero_value_encoding': value('zero'),
    'TestSampleEncoding/negative_value_encoding': value('negative'),
    'TestSampleEncoding/positive_infinity_encoding': value('infinite'),
    'TestSampleEncoding/negative_infinity_encoding': value('minus_infinite'),
    'TestSampleEncoding/nan_encoding': () =>
      each(
        v2,
        'value_nan',
        (one) => one.samples.every((own) => Number.isNaN(own.value) && !isStale(own)),
        'a plain NaN',
      ),
    'TestSampleEncoding/timestamp_milliseconds_format': () =>
      each(v2, 'ticks_total', (one) => one.samples.every(({ timestamp }) => isRecent(timestamp)), 'in milliseconds'),
    'TestSampleEncoding/timestamp_recent': () =>
      each(v2, 'ticks_total', (one) => one.samples.every(({ timestamp }) => isRecent(timestamp)), 'of now'),
    'TestSampleEncoding/multiple_samples_same_series': () => {
      const count = v2.filter(({ request }) =>
        request.series.some((one) => labelOf(one, '__name__') === 'ticks_total'),
      );
      return holds(count.length > 1, `${count.length} requests with it`);
    },
    'TestSampleEncoding/large_float_values': value('large'),
    'TestSampleEncoding/small_float_values': value('small'),
    'TestSampleEncoding/scientific_notation': value('scientific'),
    'TestSampleEncoding/precision_preservation': value('precise'),
    'TestSampleEncoding/job_instance_labels_present': () =>
      every(v2, (series) => !!labelOf(series, 'job') && !!labelOf(series, 'instance'), 'of a job and an instance'),
    TestSampleOrdering: () => both(...['ticks_total', 'temperature', 'native_seconds'].map(ordered)),
    'TestSymbolTable/empty_string_at_index_zero': () =>
      holds(v2.length > 0 && v2.every(({ request }) => request.symbols[0] === ''), 'the first symbol is not empty'),
    'TestSymbolTable/string_deduplication': symbolsAreFew,
    // The reader throws where a reference leads to no symbol.
    'TestSymbolTable/labels_refs_valid_indices': () => every(v2, (series) => series.labels.length > 0, 'with labels'),
    'TestSymbolTable/labels_refs_even_length': hasPairs,
    TestSymbolTableEfficiency: () => {
      const most = v2.reduce((a, b) => (b.request.series.length > a.request.series.length ? b : a));
      const texts = most.request.series.reduce((sum, series) => sum + 2 * series.labels.length, 0);
      const { length } = most.request.symbols;
      return holds(length < texts / 2, `${length} symbols for ${texts} texts`);
    },
    'TestTimestampEncoding/timestamp_int64_milliseconds': () =>
      holds(
        samples(v2).every(({ timestamp }) => Number.isSafeInteger(timestamp)),
        'a time is no whole number',
      ),
    'TestTimestampEncoding/timestamp_ordering_within_series': () =>
      every(
        v2,
        (one) => one.samples.every((own, i) => i === 0 || own.timestamp > one.samples[i - 1]!.timestamp),
        'ordered',
      ),
    // A sender may tell them or not; where it does, they must not be later than the sample.
    'TestTimestampEncoding/start_timestamp_for_counters': () =>
      each(v2, 'ticks_total', (one) => one.samples.every(startsBefore), 'begun before its sample'),
    'TestTimestampEncoding/start_timestamp_for_histograms': histograms('native_seconds', startsBefore, 'begun before'),
    'TestTimestampEncoding/start_timestamp_zero_handling': () =>
      each(v2, 'temperature', (one) => one.samples.every(({ start }) => start === 0), 'without a start'),
    'TestTimestampEncoding/timestamp_precision': () => {
      const rests = new Set(
        named(v2, 'ticks_total').flatMap((one) => one.samples.map(({ timestamp }) => timestamp % 10)),
      );
      return holds(
        rests.size > 0 && samples(v2).some(({ timestamp }) => timestamp % 1000 !== 0),
        'times are whole seconds',
      );
    },
    'TestTimestampEncoding/timestamp_future_values': () =>
      each(v2, 'ahead', (one) => one.samples.every(({ timestamp }) => timestamp > Date.now() - 30_000), 'ahead'),
    'TestTimestampEncoding/start_timestamp_before_sample_timestamp': () =>
      every(v2, (one) => [...one.samples, ...one.histograms].every(startsBefore), 'begun before'),
    'TestRemoteWrite1Compatibility/rw1_version_header': () =>
      holds(
        v1.every(({ headers }) => headers['x-prometheus-remote-write-version'] === '0.1.0'),
        'another version',
      ),
    'TestRemoteWrite1Compatibility/rw1_content_type': () =>
      holds(
        v1.every(({ headers }) => headers['content-type'] === 'application/x-protobuf'),
        'another content type',
      ),
    'TestRemoteWrite1Compatibility/rw1_samples_encoding': () =>
      each(v1, 'value_regular', (one) => one.samples.every((own) => own.value === 3.14159), 'its value'),
    'TestRemoteWrite1Compatibility/rw1_labels_encoding': () =>
      each(v1, 'special', (series) => labelOf(series, 'label') === SPECIAL, 'with its label as it was'),
    'TestRemoteWrite1Compatibility/rw1_no_native_histograms': () =>
      every(v1, ({ histograms: own }) => own.length === 0, 'without native histograms'),
    'TestRemoteWrite1Compatibility/rw1_no_start_timestamp': () =>
      every(v1, (one) => one.samples.every(({ start }) => start === 0), 'without a start'),
    'TestRemoteWrite1Compatibility/rw1_metadata_handling': () => {
      const about = v1.map(({ request }) => request.metadata.get('ticks_total') ?? request.metadata.get('ticks'));
      return holds(
        about.some((one) => one?.help === 'Counts scrapes.'),
        'no metadata was sent',
      );
    },
    'TestRemoteWrite1Compatibility/rw1_symbol_table_not_used': () =>
      holds(
        v1.length > 0 && v1.every(({ isV2, request }) => !isV2 && request.symbols.length === 0),
        'symbols were sent',
      ),
    TestRemoteWrite1Configuration: () =>
      holds(v1.length > 1 && v1.every(({ isV2 }) => !isV2), 'not 1.0, where 1.0 is configured'),
  };
}
