import { describe, expect, it } from 'vitest';
import { type NamedAs, prometheusLabel, prometheusName, prometheusUnit } from './naming.ts';
import { defaultOtlpSettings, type TranslationStrategy } from './settings.ts';

type Row = readonly [name: string, unit: string, type: NamedAs, expected: string];

/** As Prometheus' otlptranslator 1.0 makes them. */
const names: Record<TranslationStrategy, readonly Row[]> = {
  UnderscoreEscapingWithSuffixes: [
    ['http.server.duration', 's', 'other', 'http_server_duration_seconds'],
    ['requests.total', '{request}', 'counter', 'requests_total'],
    ['total.requests', '', 'counter', 'requests_total'],
    ['disk.io', 'By', 'counter', 'disk_io_bytes_total'],
    ['disk.io.bytes', 'By', 'other', 'disk_io_bytes'],
    ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
    ['speed', 'm/{lap}', 'gauge', 'speed_meters'],
    ['speed', '{lap}/h', 'gauge', 'speed_per_hour'],
    ['speed', 'km/fortnight', 'gauge', 'speed_km_per_fortnight'],
    ['temperature', '°C', 'gauge', 'temperature_C'],
    ['odd', 'a b!', 'other', 'odd_a_b_'],
    ['odd', 'a b!/s', 'other', 'odd_a_b_per_second'],
    ['odd', 'x/%%', 'other', 'odd_x'],
    ['load', '1', 'gauge', 'load_ratio'],
    ['load', '1', 'counter', 'load_total'],
    ['ratio.of.load', '1', 'gauge', 'of_load_ratio'],
    ['cpu', '%', 'gauge', 'cpu_percent'],
    ['2xx', '', 'other', '_2xx'],
    ['a..b__c', '', 'other', 'a_b_c'],
    ['job:rate:5m', '', 'gauge', 'job:rate:5m'],
    ['größe', '', 'gauge', 'gr_e'],
    ['_private', '', 'gauge', 'private'],
    ['...', 's', 'other', 'seconds'],
    ['...', '', 'other', ''],
    ['', '', 'gauge', ''],
  ],
  UnderscoreEscapingWithoutSuffixes: [
    ['http.server.duration', 's', 'other', 'http_server_duration'],
    ['requests', '', 'counter', 'requests'],
    ['a..b__c', '', 'other', 'a_b__c'],
    ['2xx', '', 'other', '_2xx'],
    ['_', '', 'other', '_'],
    ['.', '', 'other', ''],
    ['._.', '', 'other', ''],
  ],
  NoUTF8EscapingWithSuffixes: [
    ['http.server.duration', 's', 'other', 'http.server.duration_seconds'],
    ['requests', '', 'counter', 'requests_total'],
    ['requests.total', '', 'counter', 'requests_total'],
    ['requests_total', 'By', 'counter', 'requests_bytes_total'],
    ['disk.bytes', 'By', 'counter', 'disk.bytes_total'],
    ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
    ['load.ratio', '1', 'gauge', 'load_ratio'],
    ['größe', 'm', 'gauge', 'größe_meters'],
    ['total', '', 'counter', 'total_total'],
    ['a😀total', '', 'counter', 'a_total'],
  ],
  NoTranslation: [
    ['http.server.duration', 's', 'other', 'http.server.duration'],
    ['requests', '1', 'counter', 'requests'],
    ['größe', 'm', 'gauge', 'größe'],
  ],
};

describe.each(Object.entries(names))('a metric name by %s', (strategy, rows) => {
  it.each(rows)('%j in %j, %s: %j', (name, unit, type, expected) => {
    expect(prometheusName(name, unit, type, strategy as TranslationStrategy)).toBe(expected);
  });
});

describe('a unit', () => {
  it.each([
    ['By/s', 'bytes_per_second'],
    ['s', 'seconds'],
    ['/s', 'per_second'],
    [' ms / m ', 'milliseconds_per_minute'],
    ['{x}', ''],
    ['1', ''],
    ['%', 'percent'],
    ['_a_', 'a'],
    ['', ''],
  ])('%j is %j', (unit, expected) => {
    expect(prometheusUnit(unit)).toBe(expected);
  });
});

describe('a label name', () => {
  const label = (key: string, change: Partial<typeof defaultOtlpSettings> = {}) =>
    prometheusLabel(key, { ...defaultOtlpSettings, ...change });

  it.each([
    ['http.method', 'http_method'],
    ['1a', 'key_1a'],
    ['_a', 'key_a'],
    ['__a', '__a'],
    ['a..b', 'a__b'],
    ['k:v', 'k_v'],
    ['ключ1', '____1'],
    ['.', 'key_'],
    ['..', ''],
    ['', ''],
  ])('%j is %j', (key, expected) => {
    expect(label(key)).toBe(expected);
  });

  it('has single underscores, or no key before one, where that is set', () => {
    const single = { labelNamePreserveMultipleUnderscores: false };
    expect(['a..b', '__a..b__', '__a', '_a'].map((key) => label(key, single))).toEqual([
      'a_b',
      '__a_b__',
      'key_a',
      'key_a',
    ]);
    expect(label('_a', { labelNameUnderscoreSanitization: false })).toBe('_a');
  });

  it('is the key itself where nothing is escaped', () => {
    const strategy = { translationStrategy: 'NoTranslation' } as const;
    expect(['http.method', '1a', '_'].map((key) => label(key, strategy))).toEqual(['http.method', '1a', '']);
  });
});
