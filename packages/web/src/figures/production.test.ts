import { expect, test } from 'vitest';
import { incidents, services } from '../../test/fixture-data.ts';
import { productionAnswer, productionTotals } from './production.ts';

const [mitigated] = incidents;
const [shortener, checkout, mailer] = services;

test('an incident that still burns is the answer, whatever else is wrong', () => {
  const burning = { ...mitigated!, state: 'acknowledged' as const, mitigatedAt: null };
  expect(productionAnswer([checkout!], [burning])).toEqual({
    tone: 'bad',
    words: 'Something is wrong: Redirects failed after release v2',
  });
});

test('a mitigated incident leaves production all right, with something to look through', () => {
  expect(productionAnswer([shortener!], [mitigated!]).words).toBe(
    'Production is all right again; 1 incident to look through',
  );
});

test('without any service nothing is claimed', () => {
  expect(productionAnswer([], [])).toEqual({ tone: 'plain', words: 'Nothing is watched yet' });
});

test('the failed share is weighted by traffic, and unknown stays unknown', () => {
  expect(productionTotals([shortener!, checkout!]).errorRatio).toBeCloseTo((12.4 * 0.0004 + 1830 * 0.021) / 1842.4, 10);
  expect(productionTotals([mailer!])).toEqual({ requestsPerSecond: null, errorRatio: null, worstP99Ms: null });
});
