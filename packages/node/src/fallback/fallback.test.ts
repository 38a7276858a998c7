import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { start } from '../core/start.ts';
import { createFallback } from './fallback.ts';

function made(options = {}) {
  const clock = { time: 1000 };
  const hub = start({ options, environment: {}, instrumentations: [], say: () => {} });
  const read = async () =>
    (await hub.meters.registry.metrics()).split('\n').filter((line) => /^operation_fallback/.test(line));
  return { clock, hub, read, fallback: createFallback(hub, () => clock.time) };
}

const failing =
  <T = number>(error: unknown) =>
  (): Promise<T> =>
    Promise.reject(error);

afterEach(() => vi.useRealTimers());

describe('fallback', () => {
  it('gives what the first way gives, and does not ask the others', async () => {
    const { fallback, read } = made();
    const other = vi.fn(() => 2);
    const ask = fallback((_signal, by: number) => by * 10, other, { name: 'rates' });
    expect(await ask(4)).toBe(40);
    expect(await ask.detailed(5)).toEqual({ value: 50, outcome: 'primary', ageMs: 0 });
    expect(other).not.toHaveBeenCalled();
    expect(await read()).toContain('operation_fallback_total{name="rates",outcome="primary"} 2');
    expect(await read()).toContain('operation_fallback_breaker{name="rates",state="closed"} 1');
  });

  it('asks the others in turn, with the same arguments', async () => {
    const { fallback } = made();
    const ask = fallback(
      (_signal, _id: string): string => {
        throw new Error('at once');
      },
      failing<string>(new Error('later')),
      (_signal, id) => `cached ${id}`,
    );
    expect(await ask.detailed('a')).toEqual({ value: 'cached a', outcome: 'fallback', ageMs: 0 });
  });

  it('keeps the identity of errors: the very one of a single way, all of them in order of several', async () => {
    const { fallback, read } = made();
    const [one, two] = [new TypeError('one'), { not: 'an error' }];
    await expect(fallback(failing(one))()).rejects.toBe(one);
    const all = await fallback(failing(one), failing(two), { name: 'both' })().catch((error: unknown) => error);
    expect(all).toBeInstanceOf(AggregateError);
    expect((all as AggregateError).errors).toEqual([one, two]);
    expect((all as AggregateError).errors[0]).toBe(one);
    expect((all as AggregateError).errors[1]).toBe(two);
    expect(await read()).toContain('operation_fallback_total{name="both",outcome="failed"} 1');
  });

  it('takes the last good value for the same arguments, as long as it is young enough', async () => {
    const { fallback, clock } = made();
    let works = true;
    const way = (_signal: AbortSignal, id: string) => (works ? `fresh ${id}` : Promise.reject(new Error('down')));
    const ask = fallback(way, { staleForMs: 60_000, staleEntries: 2, minimumFailures: 1000 });
    for (const id of ['a', 'b', 'c']) await ask(id);
    works = false;
    clock.time += 60_000;
    expect(await ask.detailed('c')).toEqual({ value: 'fresh c', outcome: 'stale', ageMs: 60_000 });
    await expect(ask('a')).rejects.toThrow('down');
    await expect(ask('never asked')).rejects.toThrow('down');
    clock.time += 1;
    await expect(ask('c')).rejects.toThrow('down');
  });

  it('never lets a value stand in for other arguments', async () => {
    const { fallback } = made();
    let works = true;
    const way = (_signal: AbortSignal, ...ids: unknown[]) => (works ? ids : Promise.reject(new Error('down')));
    const ask = fallback(way, { staleForMs: 60_000, minimumFailures: 1000 });
    await ask('a b', 'c');
    await ask(1);
    await ask({ id: 1 });
    works = false;
    for (const args of [['a', 'b c'], ['1'], [{ id: 1 }], ['a b', 'c', undefined]]) {
      await expect(ask(...args)).rejects.toThrow('down');
    }
    expect(await ask('a b', 'c')).toEqual(['a b', 'c']);
  });

  it('gives up after the time-out, aborts the signal, and leaves nothing behind', async () => {
    vi.useFakeTimers();
    const { fallback } = made();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const signals: AbortSignal[] = [];
    const ask = fallback(
      (signal) =>
        new Promise<number>((_, reject) => {
          signals.push(signal);
          setTimeout(() => reject(new Error('too late to matter')), 500);
        }),
      { timeoutMs: 100, name: 'slow' },
    );
    const asked = ask().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(100);
    expect(await asked).toMatchObject({ name: 'TimeoutError', message: 'slow took longer than 100 ms' });
    expect(signals[0]).toMatchObject({ aborted: true, reason: await asked });
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  it('keeps neither timers nor listeners of what has ended', async () => {
    vi.useFakeTimers();
    const { fallback } = made();
    const signals: AbortSignal[] = [];
    const ask = fallback((signal) => {
      signals.push(signal);
      return 1;
    });
    await Promise.all(Array.from({ length: 100 }, () => ask()));
    expect(vi.getTimerCount()).toBe(0);
    expect(signals.every((signal) => !signal.aborted && getEventListeners(signal, 'abort').length === 0)).toBe(true);
  });

  it('stops asking what fails, lets one of many concurrent calls try again, and closes when that works', async () => {
    const { fallback, clock, read } = made();
    let works = false;
    let calls = 0;
    const way = async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (!works) throw new Error('down');
      return 'fresh';
    };
    const ask = fallback(way, () => 'instead', { name: 'x', minimumFailures: 3, restMs: 100 });
    for (let i = 0; i < 3; i++) await ask();
    expect([ask.state, calls]).toEqual(['open', 3]);
    expect(await Promise.all(Array.from({ length: 20 }, () => ask()))).toEqual(Array(20).fill('instead'));
    expect(calls).toBe(3);
    expect(await read()).toContain('operation_fallback_breaker{name="x",state="open"} 1');
    clock.time += 100;
    works = true;
    const many = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(calls).toBe(4);
    expect(many.filter((value) => value === 'fresh')).toHaveLength(1);
    expect(ask.state).toBe('closed');
    expect(await ask()).toBe('fresh');
  });

  it('says of an open breaker that it is open where nothing stands in', async () => {
    const { fallback } = made();
    const ask = fallback(failing(new Error('down')), { name: 'x', minimumFailures: 1 });
    await expect(ask()).rejects.toThrow('down');
    await expect(ask()).rejects.toMatchObject({ name: 'CircuitOpenError', operation: 'x' });
  });

  it('works when the library is disabled and when all of its measuring fails', async () => {
    const off = made({ enabled: false });
    expect(await off.fallback(() => 1, { name: 'off' })()).toBe(1);
    expect(await off.read()).toEqual([]);
    const broken = made();
    broken.hub.guard.inject = () => {
      throw new Error('injected');
    };
    expect(await broken.fallback(failing(new Error('down')), () => 2)()).toBe(2);
  });

  it('refuses options that do not exist or are not allowed, by name', () => {
    const { fallback } = made();
    const way = () => 1;
    // @ts-expect-error: no such option
    expect(() => fallback(way, { timeout: 5 })).toThrow(/no option timeout; there are name, timeoutMs,/);
    expect(() => fallback(way, { timeoutMs: 0 })).toThrow('timeoutMs: 0 is not allowed; a number from 1 to 2147483647');
    expect(() => fallback(way, { failureShare: 0 })).toThrow('above 0, up to 1');
    // @ts-expect-error: no function
    expect(() => fallback(way, 5)).toThrow('functions are wanted');
  });
});
