/** Looking on at the events of objects that Node makes, without a listener that the application could count. */
import type { EventEmitter } from 'node:events';

type Emit = (this: object, type: string | symbol, ...values: unknown[]) => boolean;

/** Called in the place of `emit`; must call `pass` once, and give what it gives. */
export type Beside = (emitter: object, type: string | symbol, pass: () => boolean, values: unknown[]) => boolean;

/**
 * Puts itself before `emit` of all objects with this prototype, for the events of these types; others pass straight on.
 * Gives the way back, which leaves alone what somebody else has put before it since.
 */
export function watchEvents(prototype: object, types: ReadonlySet<string>, beside: Beside): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, 'emit');
  const original = (prototype as EventEmitter).emit as Emit;
  let watching = true;
  const emit: Emit = function emit(type, ...values) {
    if (!watching || !types.has(type as string)) return Reflect.apply(original, this, [type, ...values]);
    return beside(this, type, () => Reflect.apply(original, this, [type, ...values]), values);
  };
  // As long as EventEmitter.prototype.emit, which code that wraps emitters looks at.
  Object.defineProperty(emit, 'length', { value: original.length, configurable: true });
  Object.defineProperty(prototype, 'emit', { value: emit, writable: true, enumerable: true, configurable: true });
  return () => {
    watching = false;
    if (Object.getOwnPropertyDescriptor(prototype, 'emit')?.value !== emit) return;
    if (own) Object.defineProperty(prototype, 'emit', own);
    else Reflect.deleteProperty(prototype, 'emit');
  };
}
