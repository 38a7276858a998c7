/** Looking on at the events of objects that Node makes, without a listener that the application could count. */
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
 * Puts what `make` gives before a method of all objects with this prototype. Gives the way back, which leaves alone what
 * somebody else has put before it since: `isWatching` says then that everything is to pass straight on.
 */
export function replaceMethod<Method extends (...values: never[]) => unknown>(
  prototype: object,
  name: string,
  make: (original: Method, isWatching: () => boolean) => Method,
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  const original = (prototype as Record<string, Method>)[name]!;
  let watching = true;
  const method = make(original, () => watching);
  alike(method, original);
  // Enumerable as Node's own.
  const description = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(prototype, name, { value: method, ...description });
  return () => {
    watching = false;
    if (Object.getOwnPropertyDescriptor(prototype, name)?.value !== method) return;
    if (own) Object.defineProperty(prototype, name, own);
    else Reflect.deleteProperty(prototype, name);
  };
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

/** Code that wraps functions looks at these; a bundler may have changed the name. */
export function alike(own: (...values: never[]) => unknown, original: (...values: never[]) => unknown): void {
  Object.defineProperty(own, 'name', { value: original.name, configurable: true });
  Object.defineProperty(own, 'length', { value: original.length, configurable: true });
}
