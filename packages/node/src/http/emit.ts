/** Looking on at the events of objects that Node makes, without a listener that the application could count. */
import type { EventEmitter } from 'node:events';

export type Emit = (this: object, type: string | symbol, ...values: unknown[]) => boolean;

export interface Watcher {
  readonly types: ReadonlySet<string | symbol>;
  /** Called before the listeners. Must not throw. */
  readonly before?: (emitter: object, type: string | symbol, values: readonly unknown[]) => void;
  /** Called in the place of the listeners: calls `pass` once, and gives what it gives. */
  readonly around?: (
    emitter: object,
    type: string | symbol,
    values: readonly unknown[],
    pass: () => boolean,
  ) => boolean;
}

/**
 * Puts what `make` gives before `emit` of all objects with this prototype. Gives the way back, which leaves alone what
 * somebody else has put before it since: `isWatching` says then that everything is to pass straight on.
 */
export function replaceEmit(prototype: object, make: (original: Emit, isWatching: () => boolean) => Emit): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, 'emit');
  const original = (prototype as EventEmitter).emit as Emit;
  let watching = true;
  const emit = make(original, () => watching);
  alike(emit, original);
  // Enumerable as EventEmitter.prototype.emit.
  const description = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(prototype, 'emit', { value: emit, ...description });
  return () => {
    watching = false;
    if (Object.getOwnPropertyDescriptor(prototype, 'emit')?.value !== emit) return;
    if (own) Object.defineProperty(prototype, 'emit', own);
    else Reflect.deleteProperty(prototype, 'emit');
  };
}

/** The same for events of these types; others pass straight on. */
export function watchEvents(prototype: object, { types, before, around }: Watcher): () => void {
  return replaceEmit(prototype, (original, isWatching) => {
    const watched: Emit = function (type, ...values) {
      before?.(this, type, values);
      if (!around) return original.call(this, type, ...values);
      return around(this, type, values, () => original.call(this, type, ...values));
    };
    // Two functions: where the values only pass on, no array is made of them.
    return function emit(type, ...values) {
      if (types.has(type) && isWatching()) return watched.call(this, type, ...values);
      return original.call(this, type, ...values);
    };
  });
}

/** Code that wraps functions looks at these; a bundler may have changed the name. */
export function alike(own: (...values: never[]) => unknown, original: (...values: never[]) => unknown): void {
  Object.defineProperty(own, 'name', { value: original.name, configurable: true });
  Object.defineProperty(own, 'length', { value: original.length, configurable: true });
}
