import { describe, expect, it } from 'vitest';
import { NightshiftError } from '../errors/catalogue.ts';
import { Sender, type SenderLimits, Senders, unlimited } from './sender.ts';

const T = 1_790_000_000_000;
const limited = (limits: Partial<SenderLimits>) => new Sender('push', 'shop', { ...unlimited, ...limits });

/** Whether a request with so many samples is taken; else after how many seconds it may come again. */
function send(sender: Sender, samples: number, now: number): 'taken' | number | undefined {
  try {
    const end = sender.begin(now);
    sender.charge(samples, now);
    end();
    return 'taken';
  } catch (error) {
    return (error as NightshiftError).retryAfter;
  }
}

describe('a sender with a rate', () => {
  it('may send its burst at once, and then as much as the rate allows', () => {
    const sender = limited({ samplesPerSecond: 100, burst: 500 });
    expect(send(sender, 500, T)).toBe('taken');
    expect(send(sender, 1, T)).toBe(1);
    expect(send(sender, 100, T + 1000)).toBe('taken');
    expect(send(sender, 1, T + 1000)).toBe(1);
  });

  it('has what was too much at once made up for, so that large requests go through and the rate holds', () => {
    const sender = limited({ samplesPerSecond: 100, burst: 100 });
    expect(send(sender, 1100, T)).toBe('taken');
    expect(send(sender, 1, T)).toBe(10);
    expect(send(sender, 1, T + 9000)).toBe(1);
    let taken = 0;
    for (let now = T; now < T + 100_000; now += 100) if (send(sender, 300, now) === 'taken') taken += 300;
    expect(taken).toBeGreaterThan(8500);
    expect(taken).toBeLessThanOrEqual(10_000);
  });

  it('saves up no more than its burst, which is ten seconds where none is said', () => {
    const sender = limited({ samplesPerSecond: 100 });
    expect(send(sender, 1000, T)).toBe('taken');
    expect(send(sender, 1000, T + 3_600_000)).toBe('taken');
    expect(send(sender, 1, T + 3_600_000)).toBe(1);
  });

  it('is not helped by a clock that is set back', () => {
    const sender = limited({ samplesPerSecond: 100, burst: 100 });
    expect(send(sender, 100, T)).toBe('taken');
    expect(send(sender, 1, T - 60_000)).toBe(1);
  });
});

describe('a sender with a number of requests', () => {
  it('is told to wait by the one that is too many, until another ends, however often that says so', () => {
    const sender = limited({ maxConcurrent: 2 });
    const [first, second] = [sender.begin(T), sender.begin(T)];
    expect(() => sender.begin(T)).toThrow(
      'The token shop has 2 requests under way already (maxConcurrent); try again.',
    );
    first();
    first();
    const third = sender.begin(T);
    expect(() => sender.begin(T)).toThrow(NightshiftError);
    second();
    third();
  });
});

describe('senders', () => {
  it('are bounded by the name of their token, each by its own, and what is left out by that of all', () => {
    const limits = { ...unlimited, samplesPerSecond: 10, maxSeries: 5 };
    const senders = new Senders({ limits, tokens: { shop: { maxSeries: 7 } } });
    expect(senders.token('shop').limits).toEqual({ ...limits, maxSeries: 7 });
    expect(senders.token('other').limits).toEqual(limits);
    expect(senders.token('__proto__').limits).toEqual(limits);
    expect(senders.token('shop')).toBe(senders.token('shop'));
  });

  it('go on by other bounds after a change, with what they have used', () => {
    const senders = new Senders({ limits: unlimited, tokens: {} });
    const shop = senders.token('shop');
    shop.reserveSeries(3);
    senders.change({ limits: { ...unlimited, maxSeries: 5 }, tokens: {} });
    expect(shop.seriesRoom).toBe(2);
  });

  it('are counted apart up to 500 names, so that the metrics stay few', () => {
    const senders = new Senders();
    for (let i = 0; i < 2000; i++) senders.token(`t${i}`).counts.samples++;
    expect(senders.list()).toHaveLength(501);
    expect(senders.list().at(-1)).toMatchObject({ token: 'other', counts: { samples: 1500 } });
  });
});
