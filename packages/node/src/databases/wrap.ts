/** Methods of other people's objects are replaced so that code which looks at them sees what was there before. */

export type Method = (this: object, ...args: unknown[]) => unknown;

const ours = new WeakSet<Method>();
const nothing = (): void => {};
const NOT_COPIED: ReadonlySet<string | symbol> = new Set(['prototype', 'arguments', 'caller']);

/**
 * Replaces `owner[name]` by what `make` makes of it, with its name, length and own properties, and gives the way back.
 * Does nothing where there is no such function or where it is replaced already.
 */
export function wrapMethod(owner: object, name: string, make: (original: Method) => Method): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  const original: unknown = descriptor?.value;
  if (!isFunction(original) || ours.has(original)) return nothing;
  if (!descriptor?.configurable && !descriptor?.writable) return nothing;
  const wrapped = make(original);
  for (const key of Reflect.ownKeys(original)) {
    if (NOT_COPIED.has(key)) continue;
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own) Object.defineProperty(wrapped, key, own);
  }
  ours.add(wrapped);
  Object.defineProperty(owner, name, { ...descriptor, value: wrapped });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === wrapped) Object.defineProperty(owner, name, descriptor);
  };
}

/** Several ways back as one, the last one first. */
export const together =
  (undo: readonly (() => void)[]): (() => void) =>
  () => {
    for (const back of [...undo].reverse()) back();
  };

/** The object in the chain of prototypes, `from` itself included, that has the method. */
export function ownerOf(from: object, name: string): object | undefined {
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
