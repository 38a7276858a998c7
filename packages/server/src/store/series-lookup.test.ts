import { compareLabels, type Matcher, RegexpSyntaxError } from '@nightshift/promql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesIndex } from './series-index.ts';
import { SeriesLookup } from './series-lookup.ts';

const matcher: fc.Arbitrary<Matcher> = fc.record({
  name: fc.constantFrom('__name__', 'a', 'b'),
  op: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.constantFrom('', 'x', 'y', 'x|y', '.+', 'y.*'),
});
const labels = fc
  .tuple(fc.constantFrom('x', 'y', 'xy'), fc.constantFrom('', 'x', 'y'), fc.constantFrom('', 'x', 'yx'))
  .map(([name, a, b]) => new Map(Object.entries({ __name__: name, a, b }).filter(([, value]) => value !== '')));
const step = fc.oneof(
  fc.record({ add: fc.array(labels, { minLength: 1, maxLength: 5 }) }),
  fc.record({ ask: fc.array(matcher, { minLength: 1, maxLength: 3 }) }),
);

describe('the lookup of series', () => {
  it('finds what the index finds, in order of labels, also when series came since it was asked before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const index = new SeriesIndex();
        const lookup = new SeriesLookup(index);
        for (const one of steps) {
          if ('add' in one) for (const each of one.add) index.intern(each);
          else {
            const found = lookup.match(one.ask);
            expect(new Set(found)).toEqual(new Set(index.match(one.ask)));
            expect(found).toEqual([...found].sort((a, b) => compareLabels(a.labels, b.labels)));
          }
        }
      }),
    );
  });

  it('refuses a pattern that is not one, each time', () => {
    const lookup = new SeriesLookup(new SeriesIndex());
    for (let i = 0; i < 2; i++) {
      expect(() => lookup.match([{ name: 'a', op: '=~', value: '(' }])).toThrow(RegexpSyntaxError);
    }
  });
});
