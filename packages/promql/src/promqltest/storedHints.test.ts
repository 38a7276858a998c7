import { expect, it } from 'vitest';
import { ArraySource } from './arraySource.ts';
import { parseSeriesLine } from './series.ts';

/** The hints with which a loaded series comes back. */
function hintsOf(points: string): (string | undefined)[] {
  const source = new ArraySource();
  source.load(60_000, [parseSeriesLine(`x ${points}`)]);
  return Array.from(source.all[0]!.histograms!, (histogram) => histogram?.resetHint);
}

it.each([
  ['{{count:1 buckets:[1]}} {{count:2 buckets:[2]}} {{count:2 buckets:[2]}}', ['unknown', 'not_reset', 'not_reset']],
  ['{{count:2 buckets:[2]}} {{count:1 buckets:[1]}}', ['unknown', 'unknown']],
  ['{{count:2 buckets:[2]}} {{count:2 buckets:[1 1]}}', ['unknown', 'unknown']],
  ['{{count:2}} {{count:2 counter_reset_hint:reset}} {{count:2}}', ['unknown', 'unknown', 'not_reset']],
  ['{{count:2 counter_reset_hint:gauge}} {{count:1 counter_reset_hint:gauge}}', ['gauge', 'gauge']],
  ['{{count:2 counter_reset_hint:gauge}} {{count:3}}', ['gauge', 'unknown']],
  ['{{count:1}} 5 {{count:2}}', ['unknown', undefined, 'unknown']],
  ['{{count:1}} _ {{count:2}}', ['unknown', 'not_reset']],
  ['{{count:1}} stale {{count:2}}', ['unknown', undefined, 'unknown']],
  ['{{schema:1 count:1}} {{schema:0 count:2}}', ['unknown', 'unknown']],
  ['{{schema:-53 custom_values:[1]}} {{schema:-53 custom_values:[2]}}', ['unknown', 'unknown']],
])('the hints of %s are %j, as from a store', (points, hints) => {
  expect(hintsOf(points)).toEqual(hints);
});
