import type { CardinalityMetric } from '@nightshift/server/api';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { literalPattern, metricSelector, pairSelector, remediesFor, suspectOf, written } from './remedies.ts';

const metric = (name: string, labels: CardinalityMetric['labels']): CardinalityMetric => ({
  ...{ name, labels, series: 1200, live: 1200, samplesPerSecond: 80, newSeries: [], service: 'shop', services: 1 },
});

test('the suspect is the label with the most values that is not needed to tell sources apart', () => {
  const labels = [
    { name: 'instance', values: 900 },
    { name: 'user', values: 600 },
    { name: 'path', values: 20 },
  ];
  expect(suspectOf(metric('x', labels))?.name).toBe('user');
  expect(suspectOf(metric('x', labels.slice(0, 1)))).toBeUndefined();
});

test('every snippet is YAML that means what it says, whatever the names are', () => {
  for (const name of ['requests_total', 'http.server.duration', 'a"b\n\u202e: {x}']) {
    const [dropLabel, drop, keep] = remediesFor(metric(name, [{ name: 'user id', values: 600 }]));
    expect(parse(dropLabel!.snippet)).toEqual({
      metric_relabel_configs: [
        { source_labels: ['__name__'], regex: literalPattern(name), target_label: 'user id', replacement: '' },
      ],
    });
    expect(dropLabel!.words).toContain('about 2 of 1,200 series');
    expect(parse(drop!.snippet)).toEqual({
      metric_relabel_configs: [{ source_labels: ['__name__'], regex: literalPattern(name), action: 'drop' }],
    });
    expect(parse(keep!.snippet)).toEqual({ retention: { metricRules: [{ match: literalPattern(name), keep: '2d' }] } });
    expect(new RegExp(`^(?:${literalPattern(name)})$`).test(name)).toBe(true);
  }
});

test('a metric whose labels are all needed is not told to drop one', () => {
  expect(remediesFor(metric('up', [{ name: 'instance', values: 900 }])).map(({ title }) => title)).toEqual([
    'Drop the metric',
    'Keep it for a shorter time',
  ]);
});

test('selectors quote what they hold', () => {
  expect(metricSelector('a"b')).toBe('{__name__="a\\"b"}');
  expect(pairSelector('job', 'x\\')).toBe('{job="x\\\\"}');
  expect(pairSelector('http.method', 'GET')).toBe('{"http.method"="GET"}');
});

test('what would turn a text around is written out', () => {
  expect(written('a\u202eb\n')).toBe('a\\u202eb\\u000a');
  for (const { snippet } of remediesFor(metric('a\u202eb', []))) expect(snippet).not.toContain('\u202e');
});
