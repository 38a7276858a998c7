/** Methods of other people's objects are replaced so that code which looks at them sees what was there before. */

export type Method = (this: object, ...args: unknown[]) => unknown;

const ours = new WeakSet<Method>();
const nothing = (): void => {};
const NOT_COPIED: ReadonlySet<string | symbol> = new Set(['prototype', 'arguments', 'caller']);

/**
 * Puts what `make` gives in the place of a method, or before one that is inherited, with the description, name, length and
 * own properties of the original. Gives the way back, which leaves alone what somebody else has put there since: `isWatching`
 * says then that everything is to pass straight on. Does nothing where there is no such method.
 */
export function replaceMethod<Own extends (...values: never[]) => unknown>(
  target: object,
  name: string | symbol,
  make: (original: Own, isWatching: () => boolean) => Own,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const owner = ownerOf(target, name);
  const description = owner && Object.getOwnPropertyDescriptor(owner, name);
  const original: unknown = description?.value;
  if (!isFunction(original) || (before && !before.configurable && !before.writable)) return nothing;
  let watching = true;
  const own = make(original as unknown as Own, () => watching);
  alike(own, original);
  Object.defineProperty(target, name, { ...description, value: own });
  return () => {
    watching = false;
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== own) return;
    if (before) Object.defineProperty(target, name, before);
    else Reflect.deleteProperty(target, name);
  };
}

/** The same for a method of the owner's own, once: copies of a package, and its parts, may lead to the same one. */
export function wrapMethod(owner: object, name: string, make: (original: Method) => Method): () => void {
  const original: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
  if (!isFunction(original) || ours.has(original)) return nothing;
  return replaceMethod<Method>(owner, name, (replaced) => {
    const wrapped = make(replaced);
    ours.add(wrapped);
    return wrapped;
  });
}

/** Code that wraps functions looks at these; a bundler may have changed the name. */
export function alike(own: (...values: never[]) => unknown, original: (...values: never[]) => unknown): void {
  for (const key of Reflect.ownKeys(original)) {
    const property = NOT_COPIED.has(key) ? undefined : Object.getOwnPropertyDescriptor(original, key);
    if (property) Object.defineProperty(own, key, property);
  }
}

/** Several ways back as one, the last one first. */
export const together =
  (undo: readonly (() => void)[]): (() => void) =>
  () => {
    for (const back of [...undo].reverse()) back();
  };

/** The object in the chain of prototypes, `from` itself included, that has the method. */
export function ownerOf(from: object, name: string | symbol): object | undefined {
  for (let object: object | null = from; object !== null; object = Object.getPrototypeOf(object)) {
    if (Object.hasOwn(object, name)) return object;
  }
  return undefined;
}

export const isFunction = (value: unknown): value is Method => typeof value === 'function';

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** An export by its name, whether the package came by `require` or `import`. */
export function exported(exports: unknown, name: string): unknown {
  if (!isObject(exports)) return undefined;
  const { default: whole } = exports;
  return exports[name] ?? (isObject(whole) ? whole[name] : undefined);
}

/** The prototype of an exported class. */
export function prototypeOf(exports: unknown, name: string): object | undefined {
  return prototypeOfClass(exported(exports, name));
}

export function prototypeOfClass(of: unknown): object | undefined {
  const prototype = isFunction(of) ? (of as unknown as { prototype?: unknown }).prototype : undefined;
  return isObject(prototype) ? prototype : undefined;
}

/** What a module is as a whole, as in `module.exports = class`, whether it came by `require` or `import`. */
export const wholeOf = (exports: unknown): unknown =>
  isObject(exports) && !isFunction(exports) && exports.default !== undefined ? exports.default : exports;
