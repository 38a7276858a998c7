import type { Migration } from './migration.ts';

/**
 * Series, samples, logs, spans. Every table keeps its last 1,000 insert tokens, so that a batch that is sent again after
 * a crash is dropped (docs/decisions/005-exactly-once.md), and fsyncs each part before the insert is answered.
 *
 * Samples are ordered by hour, series, time: a query over hours reads few granules whatever the number of series.
 * Times of samples are Unix milliseconds (DateTime64(3)), of logs and spans nanoseconds (DateTime64(9)).
 */
const settings = 'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1';

export const telemetry: Migration = {
  number: 1,
  title: 'telemetry',
  statements: [
    `CREATE TABLE series (
      id UInt64,
      name LowCardinality(String),
      labels Map(String, String),
      first_seen DateTime64(3, 'UTC')
    ) ENGINE = ReplacingMergeTree ORDER BY (name, id) ${settings}`,
    `CREATE TABLE samples (
      id UInt64,
      time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
      value Float64 CODEC(Gorilla, ZSTD(1))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(time)
    ORDER BY (toStartOfHour(time), id, time) ${settings}`,
    `CREATE TABLE metadata (
      name String,
      type LowCardinality(String),
      help String,
      unit String
    ) ENGINE = ReplacingMergeTree ORDER BY name ${settings}`,
    `CREATE TABLE logs (
      time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
      sequence UInt64 CODEC(Delta, ZSTD(1)),
      service LowCardinality(String),
      version LowCardinality(String),
      environment LowCardinality(String),
      severity UInt8,
      severity_text LowCardinality(String),
      scope LowCardinality(String),
      body String CODEC(ZSTD(1)),
      trace_id String CODEC(ZSTD(1)),
      span_id String CODEC(ZSTD(1)),
      attributes Map(String, String) CODEC(ZSTD(1)),
      resource Map(String, String) CODEC(ZSTD(1)),
      INDEX body_words lower(body) TYPE tokenbf_v1(8192, 3, 0) GRANULARITY 1,
      INDEX trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(time)
    ORDER BY (service, time, sequence) ${settings}`,
    `CREATE TABLE spans (
      trace_id String CODEC(ZSTD(1)),
      span_id String CODEC(ZSTD(1)),
      parent_span_id String CODEC(ZSTD(1)),
      service LowCardinality(String),
      version LowCardinality(String),
      environment LowCardinality(String),
      scope LowCardinality(String),
      name LowCardinality(String),
      kind LowCardinality(String),
      start DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
      end DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
      status LowCardinality(String),
      status_message String CODEC(ZSTD(1)),
      attributes Map(String, String) CODEC(ZSTD(1)),
      resource Map(String, String) CODEC(ZSTD(1)),
      events String CODEC(ZSTD(1)),
      links String CODEC(ZSTD(1)),
      INDEX trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(start)
    ORDER BY (service, start) ${settings}`,
  ],
};
