import type { Hub } from '../core/hub.ts';
import type { CounterMeter, GaugeMeter } from '../metrics/meters.ts';
import { attempt } from './attempt.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { LastGood } from './last-good.ts';
import { type FallbackOptions, type Limits, limitsOf } from './options.ts';

export type { FallbackOptions } from './options.ts';

/** A way to the value. The signal is aborted when the time is over. */
export type Way<Args extends readonly unknown[], T> = (signal: AbortSignal, ...args: Args) => T | PromiseLike<T>;

/** How a value came: from the first way, from another one, or from an earlier call. */
export type FallbackOutcome = 'primary' | 'fallback' | 'stale';

export interface FallbackResult<T> {
  readonly value: T;
  readonly outcome: FallbackOutcome;
  /** Milliseconds since the value was fetched; 0 but for a stale one. */
  readonly ageMs: number;
}

export interface WithFallback<Args extends readonly unknown[], T> {
  (...args: Args): Promise<T>;
  /** The same, saying how the value came. */
  detailed(...args: Args): Promise<FallbackResult<T>>;
  /** Of the breaker before the first way. */
  readonly state: BreakerState;
}

/**
 * A function that asks `first`, each time with a time-out and behind a circuit breaker; if that fails the others in turn;
 * then the last good value for the same arguments, where `staleForMs` allows one. If everything fails it rejects: with the
 * very error where one way was tried, else with an AggregateError of all of them in their order. Options come last.
 *
 * Own code, not opossum's: an EventEmitter with some twenty listeners for each action is more than a few numbers need.
 */
export interface Fallback {
  <Args extends readonly unknown[], T>(
    first: Way<Args, T>,
    ...others: Way<NoInfer<Args>, NoInfer<T>>[]
  ): WithFallback<Args, T>;
  <Args extends readonly unknown[], T>(
    first: Way<Args, T>,
    ...others: [...Way<NoInfer<Args>, NoInfer<T>>[], FallbackOptions]
  ): WithFallback<Args, T>;
}

/** Of a call that was not made because its breaker was open. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpenError';

  constructor(readonly operation: string) {
    super(`${operation} has failed too often and is not called for a while`);
  }
}

interface Measures {
  readonly outcomes: CounterMeter;
  readonly states: GaugeMeter;
}

const STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** `now` in milliseconds, never going back. */
export function createFallback(hub: Hub, now: () => number = () => performance.now()): Fallback {
  const measures: Measures = {
    outcomes: hub.meters.counter({
      name: 'operation_fallback_total',
      help: 'Calls with a fallback, by how the value came.',
      labels: ['name', 'outcome'],
    }),
    states: hub.meters.gauge({
      name: 'operation_fallback_breaker',
      help: 'State of the circuit breaker: 1 for the one that it is in.',
      labels: ['name', 'state'],
    }),
  };
  return (first: Way<never, never>, ...rest: readonly (Way<never, never> | FallbackOptions)[]) => {
    const last = rest.at(-1);
    const options = typeof last === 'object' ? last : {};
    const others = rest.slice(0, typeof last === 'object' ? -1 : undefined);
    const ways = [first, ...others] as Way<never, never>[];
    if (ways.some((way) => typeof way !== 'function')) {
      throw new TypeError('ns.fallback: functions are wanted, and after them perhaps options');
    }
    return withFallback(ways, limitsOf(options, first.name), hub, measures, now) as never;
  };
}

function withFallback<Args extends readonly unknown[], T>(
  ways: readonly Way<Args, T>[],
  limits: Limits,
  { guard, settings }: Hub,
  { outcomes, states }: Measures,
  now: () => number,
): WithFallback<Args, T> {
  const { name, timeoutMs } = limits;
  const measured = (work: () => void) => settings.enabled && guard.run('fallback.measure', work, undefined);
  const show = (state: BreakerState) =>
    measured(() => {
      for (const one of STATES) states.set([name, one], one === state ? 1 : 0);
    });
  const breaker = new Breaker({ ...limits, now, changed: show });
  const lastGood = new LastGood<T>(limits.staleEntries, limits.staleForMs, now);
  show('closed');
  const count = (outcome: FallbackOutcome | 'failed') => measured(() => outcomes.add([name, outcome]));

  async function first(args: Args): Promise<T> {
    const permit = breaker.ask();
    if (!permit) throw new CircuitOpen(name);
    try {
      const value = await attempt(name, timeoutMs, (signal) => ways[0]!(signal, ...args));
      permit.succeeded();
      return value;
    } catch (error) {
      permit.failed();
      throw error;
    }
  }

  async function detailed(...args: Args): Promise<FallbackResult<T>> {
    const key = limits.staleForMs > 0 ? keyOf(args) : undefined;
    const errors: unknown[] = [];
    for (const [place, way] of ways.entries()) {
      try {
        const value = await (place === 0 ? first(args) : attempt(name, timeoutMs, (signal) => way(signal, ...args)));
        if (place === 0 && key !== undefined) lastGood.keep(key, value);
        const outcome = place === 0 ? 'primary' : 'fallback';
        count(outcome);
        return { value, outcome, ageMs: 0 };
      } catch (error) {
        errors.push(error);
      }
    }
    const kept = key === undefined ? undefined : lastGood.find(key);
    count(kept ? 'stale' : 'failed');
    if (kept) return { ...kept, outcome: 'stale' };
    if (errors.length === 1) throw errors[0];
    throw new AggregateError(errors, `${name} and all that stands in for it failed`);
  }

  const call = async (...args: Args): Promise<T> => (await detailed(...args)).value;
  return Object.defineProperty(Object.assign(call, { detailed }), 'state', {
    get: () => breaker.state,
  }) as unknown as WithFallback<Args, T>;
}

const MOST_KEY = 1000;

/** Undefined for arguments that no text tells apart for sure: a value for other ones must not stand in. */
function keyOf(args: readonly unknown[]): string | undefined {
  const parts: string[] = [];
  for (const value of args) {
    if (value !== null && (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol')) {
      return undefined;
    }
    parts.push(`${typeof value} ${String(value).length} ${String(value)}`);
  }
  const key = parts.join(' ');
  return key.length <= MOST_KEY ? key : undefined;
}
