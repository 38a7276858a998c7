import type { Matcher } from '@nightshift/promql';
import { WireError } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSeriesDeletion, encodeSeriesDeletion } from './series-deletion.ts';

const matcher: fc.Arbitrary<Matcher> = fc.record({
  name: fc.string({ unit: 'grapheme' }),
  op: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.string({ unit: 'grapheme' }),
});
const time = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

describe('a deletion of series', () => {
  it('comes back as it went in', () => {
    const selectors = fc.array(fc.array(matcher, { maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.record({ selectors, start: time, end: time }), (deletion) => {
        expect(decodeSeriesDeletion(encodeSeriesDeletion(deletion))).toEqual(deletion);
      }),
    );
  });

  it.each([
    '',
    'null',
    '{',
    '{"start":0,"end":1}',
    '{"start":0,"end":1,"selectors":[]}',
    '{"start":0,"end":null,"selectors":[[["a","=","b"]]]}',
    '{"start":0,"end":1,"selectors":[[["a","==","b"]]]}',
    '{"start":0,"end":1,"selectors":[[["a","="]]]}',
    '{"start":0,"end":1,"selectors":["a"]}',
  ])('is refused as %j', (text) => {
    expect(() => decodeSeriesDeletion(Buffer.from(text))).toThrow(WireError);
  });
});
