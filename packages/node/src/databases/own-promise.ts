import type { Settled } from '../core/settled.ts';

type Executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
type PromiseClass = new (executor: Executor) => object;

interface Watched {
  readonly original: PromiseClass;
  readonly watching: PromiseClass;
  /** What the next promise tells; undefined: nothing is watched. */
  next: { readonly holder: Record<string, unknown>; readonly key: string; readonly settled: Settled } | undefined;
}

const classes = new WeakMap<PromiseClass, Watched>();
const stands = new WeakSet<PromiseClass>();

/** The class that stands in for `original` while a promise is watched; made once, as that is slow. */
function watchedOf(original: PromiseClass): Watched {
  const known = classes.get(original);
  if (known) return known;
  const watching = function watching(executor: Executor): object {
    const next = watched.next;
    if (!next) return new original(executor);
    giveBack(watched);
    const { settled } = next;
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
  } as unknown as PromiseClass;
  Object.setPrototypeOf(watching, original);
  const watched: Watched = { original, watching, next: undefined };
  classes.set(original, watched);
  stands.add(watching);
  return watched;
}

function giveBack(watched: Watched): void {
  const { next, original, watching } = watched;
  if (!next) return;
  watched.next = undefined;
  if (next.holder[next.key] === watching) next.holder[next.key] = original;
}

/**
 * The next promise that is made of the class `holder[key]` tells `settled` how it settles; the promise is the driver's own,
 * and nobody has asked it for anything, so that a rejection which nobody handles stays one. Gives the way back, for when
 * none was made; false in place of it if `holder` has no such class.
 */
export function watchNextPromise(holder: Record<string, unknown>, key: string, settled: Settled): (() => void) | false {
  const original = Object.hasOwn(holder, key) ? (holder[key] as PromiseClass) : undefined;
  if (typeof original !== 'function' || stands.has(original)) return false;
  const watched = watchedOf(original);
  if (watched.next) return false;
  const own = { holder, key, settled };
  watched.next = own;
  holder[key] = watched.watching;
  return () => {
    if (watched.next === own) giveBack(watched);
  };
}
