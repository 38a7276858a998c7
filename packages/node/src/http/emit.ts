/** Looking on at the events of objects that Node makes, without a listener that the application could count. */
import { replaceMethod } from '../core/wrap.ts';

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

/** Looks on at events of these types; others pass straight on. */
export function watchEvents(prototype: object, { types, before, around }: Watcher): () => void {
  return replaceMethod<Emit>(prototype, 'emit', (original, isWatching) => {
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
