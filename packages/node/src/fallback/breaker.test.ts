import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type BreakerState, type Permit } from './breaker.ts';

const WINDOW = 1000;
const REST = 500;
const MINIMUM = 3;

const breakerAt = (now: () => number) =>
  new Breaker({ windowMs: WINDOW, minimumFailures: MINIMUM, failureShare: 0.5, restMs: REST, now });

/** What a breaker should be, by the list of all that happened. */
class Model {
  state: BreakerState = 'closed';
  ended: { at: number; failed: boolean }[] = [];
  openedAt = 0;
  probe: object | undefined;

  asks(now: number): boolean {
    if (this.state === 'open' && now - this.openedAt >= REST) this.state = 'half-open';
    return this.state === 'closed' || (this.state === 'half-open' && !this.probe);
  }

  ends(now: number, failed: boolean): void {
    if (this.state === 'half-open') {
      this.probe = undefined;
      this.state = failed ? 'open' : 'closed';
      this.openedAt = now;
      this.ended = [];
      return;
    }
    this.ended.push({ at: now, failed });
    // The window moves by tenths of its length.
    const tenth = (time: number) => Math.floor((time * 10) / WINDOW);
    const inWindow = this.ended.filter(({ at }) => tenth(at) > tenth(now) - 10);
    const bad = inWindow.filter((one) => one.failed).length;
    if (!failed || bad < MINIMUM || bad / inWindow.length < 0.5) return;
    this.state = 'open';
    this.openedAt = now;
  }
}

type Step = { do: 'ask' } | { do: 'wait'; ms: number } | { do: 'end'; which: number; failed: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ do: 'ask' }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(5), failed: fc.boolean() }),
);

describe('the breaker', () => {
  it('forgets at closing what failed before, also where the clock is younger than the window', () => {
    let now = 0;
    const breaker = breakerAt(() => now);
    for (let call = 0; call < MINIMUM; call++) breaker.ask()!.failed();
    expect(breaker.state).toBe('open');
    now = REST;
    breaker.ask()!.succeeded();
    expect(breaker.state).toBe('closed');
    breaker.ask()!.failed();
    expect(breaker.state).toBe('closed');
  });

  it('is in the state that all that happened calls for, whatever happens in whatever order', () => {
    const visited = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        let now = 0;
        const breaker = breakerAt(() => now);
        const model = new Model();
        let pending: { permit: Permit; age: number }[] = [];
        let age = 0;
        for (const one of steps) {
          const before = model.state;
          if (one.do === 'wait') now += one.ms;
          if (one.do === 'ask') {
            const allowed = model.asks(now);
            if (model.state !== before) age++;
            const permit = breaker.ask();
            expect(permit !== undefined).toBe(allowed);
            if (permit) {
              if (model.state === 'half-open') model.probe = permit;
              pending.push({ permit, age });
            }
          }
          if (one.do === 'end' && pending.length > 0) {
            const chosen = pending[one.which % pending.length]!;
            pending = pending.filter((other) => other !== chosen);
            // What was begun in an earlier state says nothing about this one.
            if (chosen.age === age) {
              const was = model.state;
              model.ends(now, one.failed);
              if (model.state !== was) age++;
            }
            if (one.failed) chosen.permit.failed();
            else chosen.permit.succeeded();
            chosen.permit.failed();
          }
          visited.add(`${before}>${model.state}`);
          expect(breaker.state).toBe(model.state);
          const probes = pending.filter((other) => other.permit === model.probe);
          expect(probes.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
    expect([...visited]).toEqual(
      expect.arrayContaining(['closed>open', 'open>half-open', 'half-open>open', 'half-open>closed']),
    );
  });
});
