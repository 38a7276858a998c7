import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorExcerpt } from './excerpt.ts';

const lines = (texts: readonly string[]) => texts.map((text, i) => ({ at: i, severity: 9, text }));
const texts = (input: readonly string[], context = 3) =>
  errorExcerpt(lines(input), { context }).map(({ text }) => text);

/** grep -i -C n error | nl | sort -u -k2,2 | sort -n, for lines without times, ids and stacks. */
function naive(input: readonly string[], context: number): { number: number; text: string }[] {
  const hits = input.flatMap((text, i) => (text.toLowerCase().includes('error') ? [i] : []));
  const near = input
    .map((text, i) => ({ number: i + 1, text }))
    .filter((_, i) => hits.some((hit) => Math.abs(hit - i) <= context));
  return near.filter(({ text }, i) => near.findIndex((other) => other.text === text) === i);
}

describe('the error excerpt', () => {
  it('equals grep, nl and sort -u for any plain lines', () => {
    const word = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'an Error here', 'ERROR', 'error two', 'quiet');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.nat(4), (input, context) => {
        const got = errorExcerpt(lines(input), { context }).map(({ number, text }) => ({ number, text }));
        expect(got).toEqual(naive(input, context));
      }),
      { numRuns: 500 },
    );
  });

  it('accounts for every line before its last: shown, or counted in a gap', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'Error: x', '    at f (x.js:1:2)', '    at g (y.js:3:4)');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 80 }), (input) => {
        let last = 0;
        for (const { number, gapBefore } of errorExcerpt(lines(input), { context: 2 })) {
          expect(number - last - 1).toBe(gapBefore?.lines ?? 0);
          expect(gapBefore?.repetitions ?? 0).toBeLessThanOrEqual(gapBefore?.lines ?? 0);
          last = number;
        }
      }),
    );
  });

  it('keeps a stack trace whole beyond the context, once', () => {
    const trace = ['TypeError: boom', ...Array.from({ length: 9 }, (_, i) => `    at f${i} (a.js:${i}:1)`)];
    expect(texts([...trace, 'ok', ...trace], 1)).toEqual([...trace, 'ok']);
  });

  it('takes lines that differ in a leading time or in ids for repetitions and says how many were left out', () => {
    const input = [
      '2026-11-21T14:02:11.214Z error req=8f21 boom',
      '2026-11-21T14:02:11.999Z error req=77aa boom',
      '14:02:12 error req=1111 boom',
      'x',
      '14:02:13 error order deadbeef01 gone',
      '14:02:14 error order deadbeef02 gone',
      'last',
    ];
    const excerpt = errorExcerpt(lines(input), { context: 3 });
    expect(excerpt.map(({ number }) => number)).toEqual([1, 4, 5, 7]);
    expect(excerpt[1]?.gapBefore).toEqual({ lines: 2, repetitions: 2 });
    expect(excerpt.map(({ isError }) => isError)).toEqual([true, false, true, false]);
  });

  it('keeps errors that differ in their words, and is empty without any', () => {
    expect(texts(['error in a', 'error in b'])).toEqual(['error in a', 'error in b']);
    expect(texts(['fine', 'fine'])).toEqual([]);
  });
});
