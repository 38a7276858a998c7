import type { CardinalityMetric, CardinalityReport } from '@nightshift/server/api';
import { expect, test } from 'vitest';
import { cardinalityAnswer } from './answer.ts';

const metric = (name: string, series: number, labels: CardinalityMetric['labels'] = []): CardinalityMetric => ({
  ...{ name, labels, series, live: 0, samplesPerSecond: 0, newSeries: [], service: 'shop', services: 1 },
});
const report = (series: number, metrics: CardinalityMetric[]): CardinalityReport => ({
  ...{ at: 0, series, live: 0, samplesPerSecond: 0, metricNames: metrics.length, metrics },
  ...{ busiest: [], growing: [], services: [], labels: [], pairs: [], hours: null, newSeries: [] },
});

test.each([
  [report(0, []), '', 'No series yet'],
  [report(0, []), 'x', 'No series is chosen'],
  [
    report(1000, [metric('a', 900, [{ name: 'user', values: 450 }]), metric('b', 100)]),
    '',
    'a makes 90 % of the series, by 450 values of user',
  ],
  [report(1000, [metric('a', 900), metric('b', 100)]), '', 'a makes 90 % of the series'],
  [report(1000, [metric('a', 100), metric('b', 100)]), '', '1,000 series of 2 metrics, none of which stands out'],
  [report(900, [metric('a', 900, [{ name: 'user', values: 450 }])]), 'a', 'a has 900 series, by 450 values of user'],
])('%#: the answer names what makes the series', (given, match, words) => {
  expect(cardinalityAnswer(given, match)).toBe(words);
});
