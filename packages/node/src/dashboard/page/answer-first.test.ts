import { expect, it } from 'vitest';
import type { DashboardData } from '../snapshot.ts';
import { lead } from './answer-first.ts';

const asked = (seconds: number, count: number, failed = 0): string =>
  lead({ minutes: 5, kinds: [], http: { seconds, all: { count, failed }, routes: [] } } as unknown as DashboardData);

it('says that numbers are to come while none can be there', () => {
  expect(asked(0, 0)).toBe('The first numbers come within 5 seconds.');
});

it('says how many requests there were', () => {
  expect(asked(5, 0)).toBe('No request in the last 5 minutes.');
  expect(asked(5, 1)).toBe('The only request in the last 5 minutes got an answer.');
  expect(asked(300, 9, 2)).toBe('2 of 9 requests failed in the last 5 minutes.');
});
