import { expect, it } from 'vitest';
import { histogramLiteral } from '../histogram/literal.ts';
import { formatLabels } from '../labels.ts';
import { toCustomBuckets } from './customBuckets.ts';
import { parseSeriesLine } from './series.ts';

function converted(...lines: string[]): string[] {
  return toCustomBuckets(lines.map(parseSeriesLine)).flatMap(({ labels, points }) =>
    points.map(
      (point) => `${formatLabels(labels)} ${typeof point === 'object' ? histogramLiteral(point.histogram) : point}`,
    ),
  );
}

it('buckets, count and sum of one moment become one histogram, in whatever order they come', () => {
  const lines = [
    'x_sum{a="b"} 9',
    'x_bucket{a="b",le="+Inf"} 6',
    'x_bucket{a="b",le="1"} 1',
    'x_bucket{a="b",le="2"} 4',
  ];
  expect(converted(...lines, 'x_count{a="b"} 6')).toEqual([
    '{__name__="x", a="b"} {{schema:-53 count:6 sum:9 custom_values:[1 2] buckets:[1 3 2]}}',
  ]);
});

it('a moment without buckets stays a gap, one without count has that of the last bucket', () => {
  expect(converted('x_bucket{le="1"} _ 3')).toEqual([
    '{__name__="x"} gap',
    '{__name__="x"} {{schema:-53 count:3 custom_values:[1] buckets:[3]}}',
  ]);
});

it('other series are left out', () => {
  expect(converted('x_total 1', 'x_bucket{le="nan"} 1')).toEqual([]);
});

it('counts that are not cumulative, or another count than the last bucket, are refused', () => {
  expect(() => converted('x_bucket{le="1"} 3', 'x_bucket{le="2"} 2')).toThrow('not cumulative');
  expect(() => converted('x_bucket{le="+Inf"} 3', 'x_count 2')).toThrow('not that of the last bucket');
});
