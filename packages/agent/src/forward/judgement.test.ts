import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SentCounts } from '../request/write-v2.ts';
import { backoffMs, judge, retryAfterMs } from './judgement.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const answer = (status: number, written?: SentCounts) => ({ status, retryAfter: '', text: 'why', written });
const sent = { samples: 3, histograms: 0, exemplars: 1 };

describe('an answer', () => {
  it.each([
    [204, 'delivered'],
    [200, 'delivered'],
    [400, 'refused'],
    [409, 'refused'],
    [413, 'refused'],
    [415, 'refused'],
    [422, 'refused'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
  ])('of %d means %s', (status, kind) => {
    expect(judge(answer(status), now)).toMatchObject({ kind });
  });

  it.each([401, 403, 404, 405, 407, 410, 301])('of %d denies access, and says nothing of the data', (status) => {
    expect(judge(answer(status), now)).toMatchObject({ kind: 'again', code: String(status), isDenied: true });
  });

  it.each([429, 500, 502, 503, 504])('of %d is no denial', (status) => {
    expect(judge(answer(status), now)).toMatchObject({ kind: 'again', isDenied: false });
  });

  it.each([
    [204, { samples: 3, histograms: 0, exemplars: 1 }, 'delivered'],
    [200, { samples: 0, histograms: 0, exemplars: 0 }, 'delivered'],
    [204, undefined, 'unsupported'],
    [415, undefined, 'unsupported'],
    [400, undefined, 'refused'],
    [401, undefined, 'again'],
  ])('of %d with %j written means, to a request of remote write 2.0, %s', (status, written, kind) => {
    expect(judge(answer(status, written), now, sent)).toMatchObject({ kind });
  });

  it('that never came means again', () => {
    expect(judge({ failure: 'connect ECONNREFUSED' }, now)).toEqual({
      kind: 'again',
      reason: 'connect ECONNREFUSED',
      code: 'no answer',
      afterMs: undefined,
      isDenied: false,
    });
  });

  it('says what the server said', () => {
    expect(judge(answer(400), now)).toEqual({ kind: 'refused', reason: 'HTTP 400: why', code: '400', named: [] });
  });

  it.each([
    // Prometheus to 1.0, to 2.0, and Nightshift.
    ['out of order sample\n', ['out of order']],
    ['duplicate sample for timestamp for series {a="b"}\nout of bounds for series {}', ['out of bounds', 'duplicate']],
    [
      'This body cannot be read: too old sample: 3 samples are older than the window for late ones (x), the first of {}; 2 new series were refused, the first {}; the rest was taken',
      ['too old sample', 'series limit'],
    ],
  ])('%j names why samples are refused', (text, named) => {
    expect(judge({ status: 400, retryAfter: '', text, written: undefined }, now)).toMatchObject({ named });
  });

  it('is shown to people by its first line, however long', () => {
    const text = `${'x'.repeat(1000)}\nsecond`;
    const judgement = judge({ status: 400, retryAfter: '', text, written: undefined }, now);
    expect(judgement).toMatchObject({ reason: `HTTP 400: ${'x'.repeat(300)}` });
  });
});

describe('Retry-After', () => {
  it.each([
    ['', undefined],
    ['soon', undefined],
    ['0', 0],
    ['7', 7000],
    ['99999999', 3_600_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ])('%j is %s ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

it('backs off for longer each time, within the limits, and never all agents for the same time', () => {
  const limits = { minBackoffMs: 30, maxBackoffMs: 5000 };
  fc.assert(
    fc.property(fc.nat(200), fc.double({ min: 0, max: 1, noNaN: true }), (repeat, random) => {
      const wait = backoffMs(repeat, limits, random);
      expect(wait).toBeGreaterThanOrEqual(15);
      expect(wait).toBeLessThanOrEqual(5000);
      expect(backoffMs(repeat + 1, limits, random)).toBeGreaterThanOrEqual(wait);
    }),
  );
  expect(backoffMs(3, limits, 0)).toBe(120);
  expect(backoffMs(3, limits, 1)).toBe(240);
});
