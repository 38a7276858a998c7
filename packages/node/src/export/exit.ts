/** One last push when the process ends, without a part in how the application ends it. */
import { isMainThread } from 'node:worker_threads';
import type { Guard } from '../core/guard.ts';
import { watchEvents } from '../http/emit.ts';

export interface AtExit {
  /** Begins a push that keeps nothing alive. */
  readonly push: () => void;
  /** A push of a bounded time. Never rejects. */
  readonly pushBounded: () => Promise<unknown>;
  /** The last push, of a bounded time. Never rejects. */
  readonly close: () => Promise<unknown>;
}

type Signal = 'SIGTERM' | 'SIGINT';

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT'];
const isSignal = (type: unknown): type is Signal => SIGNALS.includes(type as Signal);

/**
 * Where the application listens to a signal, a push begins beside what it does. Where nobody listens, the signal ends the
 * process after the last push, as the signal would have. `beforeExit` comes to its listeners once, after a push. Gives
 * the way back.
 */
export function onExit(guard: Guard, { push, pushBounded, close }: AtExit): () => void {
  if (!isMainThread) return () => {};
  let isPushed = false;
  let isEnding = false;
  let isOver = false;

  const end = (signal: NodeJS.Signals) => {
    const die = () => {
      unwatch();
      process.kill(process.pid, signal);
    };
    if (isEnding) return die();
    isEnding = true;
    void guard.run('export.exit', close, Promise.resolve()).then(die, die);
  };
  /** Only there while nobody else listens: others find themselves alone, as code that looks at the listeners expects. */
  const listen = (signal: Signal) => {
    if (!isOver && process.listenerCount(signal) === 0) process.on(signal, end);
  };
  const holdBeforeExit = (): boolean => {
    isPushed = !isPushed;
    if (!isPushed) return false;
    // Node calls again when the push is over, so long as something keeps the loop going until then.
    const alive = setInterval(() => {}, 1000);
    void pushBounded().finally(() => {
      clearInterval(alive);
      setImmediate(() => {});
    });
    return true;
  };
  const before = (type: string | symbol, [name, listener]: readonly unknown[]): void => {
    if (type === 'newListener' && isSignal(name) && listener !== end) process.removeListener(name, end);
    // Later: whoever is called once is removed before it is called, and may look whether it was the only one.
    else if (type === 'removeListener' && isSignal(name) && listener !== end) setImmediate(() => listen(name)).unref();
    else if (isSignal(type) && !process.listeners(type).includes(end)) push();
  };
  const undo = watchEvents(process, {
    types: new Set<string>(['beforeExit', 'newListener', 'removeListener', ...SIGNALS]),
    around(emitter, type, values, pass) {
      if (emitter !== process) return pass();
      if (type === 'beforeExit') return guard.run('export.exit', holdBeforeExit, false) || pass();
      guard.run('export.exit', () => before(type, values), undefined);
      return pass();
    },
  });
  const unwatch = () => {
    isOver = true;
    undo();
    for (const signal of SIGNALS) process.removeListener(signal, end);
  };
  for (const signal of SIGNALS) listen(signal);
  return unwatch;
}
