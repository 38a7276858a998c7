/** Calls of a driver, made without the library, with it, and with one that fails everywhere: what comes of them is the same. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Hub, ModuleInstrumentation } from '../../src/core/hub.ts';
import { type Started, start } from '../../src/core/start.ts';
import type { FinishedSpan } from '../../src/tracing/own-tracer.ts';

/** Any stores of the application's own. */
export const request = new AsyncLocalStorage<string>();

export type Calls<Place> = Readonly<Record<string, (place: Place) => unknown>>;

/** What came of a call, in words: the value with its classes and properties, or the error. */
export type Outcomes = Readonly<Record<string, string>>;

const shown = (value: unknown): string =>
  inspect(value, { depth: 6, sorted: true, breakLength: 100, compact: 3, showHidden: false });

/** Without what differs from run to run. */
const steady = (text: string): string =>
  text
    .replaceAll(/\s+at .*\n?/g, '\n')
    .replaceAll(/(duration|processID|secretKey|threadId|connectionId|_internalId|port|tableID): -?[\d.e-]+/gi, '$1: 0')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0')
    .replaceAll(/\n\s*\n/g, '\n');

export async function outcomesOf<Place>(
  calls: Calls<Place>,
  open: () => Promise<Place>,
  close: (place: Place) => unknown,
) {
  const outcomes: Record<string, string> = {};
  for (const [name, call] of Object.entries(calls)) {
    const place = await open();
    try {
      outcomes[name] = steady(shown(await request.run('test', () => call(place))));
    } catch (error) {
      outcomes[name] = `thrown: ${steady(shown(error))}`;
    } finally {
      await close(place);
    }
  }
  return outcomes as Outcomes;
}

export interface Watching {
  readonly hub: Started;
  readonly spans: FinishedSpan[];
  undo(): void;
}

export function watching(exports: unknown, modules: readonly ModuleInstrumentation[], options = {}): Watching {
  const hub = start({ options, environment: {}, instrumentations: [], say: () => {} });
  const spans: FinishedSpan[] = [];
  hub.onSpan((span) => spans.push(span));
  const back = modules.map((one) => one.patch(exports, hub as Hub));
  return {
    hub,
    spans,
    undo: () => {
      for (const one of back.reverse()) one();
    },
  };
}

/** Runs the calls three times and gives what the run with the library that works has counted. */
export async function expectEqualRuns<Place>(
  calls: Calls<Place>,
  open: () => Promise<Place>,
  close: (place: Place) => unknown,
  watch: () => Watching,
): Promise<Watching> {
  const without = await outcomesOf(calls, open, close);
  const watched = watch();
  const within = await outcomesOf(calls, open, close);
  watched.undo();
  expect(within).toEqual(without);
  expect([...watched.hub.guard.counts()]).toEqual([]);
  const failing = watch();
  failing.hub.guard.inject = (place) => {
    throw new Error(`injected in ${place}`);
  };
  const injected = await outcomesOf(calls, open, close);
  failing.undo();
  expect(injected).toEqual(without);
  expect(failing.hub.guard.counts().size).toBeGreaterThan(0);
  return watched;
}

/** As `SELECT users: 3`, of what the recorder was offered. */
export function countsOf(hub: Started): Record<string, number> {
  const kind = hub.recorder.kinds().find(({ kind }) => kind === 'database');
  return Object.fromEntries((kind?.byName ?? []).map(({ name, count }) => [name, count]).sort());
}

/** Calls `ask` with a callback, and gives what it was called with and where. */
export function called(ask: (callback: (...results: unknown[]) => void) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let ticks = 0;
    let returned: unknown = 'called before it returned';
    const callback = function callback(this: unknown, ...results: unknown[]) {
      resolve({
        results,
        self: (this as object | undefined)?.constructor?.name,
        store: request.getStore(),
        // A callback within the call itself is something else than one after it.
        after: ticks > 0,
        returned,
      });
    };
    try {
      const result = ask(callback);
      returned = typeof result === 'object' && result !== null ? result.constructor.name : result;
    } catch (error) {
      reject(error);
    }
    ticks++;
  });
}
