type Executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
type PromiseClass = new (executor: Executor) => object;

/** Told in the same tick, before whoever awaits. */
export interface Settled {
  resolved(value: unknown): void;
  rejected(error: unknown): void;
}

/**
 * The next promise that is made of the class `holder[key]` tells `settled` how it settles; the promise is the driver's own,
 * and nobody has asked it for anything, so that a rejection which nobody handles stays one. Gives the way back, for when
 * none was made; false in place of it if `holder` has no such class.
 */
export function watchNextPromise(holder: Record<string, unknown>, key: string, settled: Settled): (() => void) | false {
  const descriptor = Object.getOwnPropertyDescriptor(holder, key);
  const original = descriptor?.value as PromiseClass | undefined;
  if (typeof original !== 'function' || !descriptor?.writable) return false;
  const back = () => {
    if (holder[key] === watching) holder[key] = original;
  };
  const watching = function watching(executor: Executor): object {
    back();
    return new original((resolve, reject) =>
      executor(
        (value) => {
          settled.resolved(value);
          resolve(value);
        },
        (error) => {
          settled.rejected(error);
          reject(error);
        },
      ),
    );
  };
  Object.setPrototypeOf(watching, original);
  holder[key] = watching;
  return back;
}
