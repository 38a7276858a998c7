/** By what two views of one copy of a package are known to be the same: the functions and objects that they carry. */

/** The exports and their values; getters are not run, as they may load or throw. Empty for what is no object. */
export function partsOf(exports: unknown): object[] {
  if (!isObject(exports)) return [];
  const parts = [exports];
  for (const key of Object.keys(exports)) {
    const value = dataOf(exports, key);
    if (isObject(value) && isOwn(value)) parts.push(value);
  }
  return parts;
}

/**
 * Whether this is another view of what was seen: the same exports, as they are or as the default of a namespace, or at
 * least half of their parts. Two copies of a package may have a few things of a third one in common.
 */
export function isSeen(exports: unknown, seen: WeakSet<object>): boolean {
  if (!isObject(exports)) return false;
  const main = dataOf(exports, 'default');
  if (seen.has(exports) || (isObject(main) && seen.has(main))) return true;
  const [, ...parts] = partsOf(exports);
  return parts.length > 0 && 2 * parts.filter((part) => seen.has(part)).length >= parts.length;
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** What a module exports of the language itself, such as `Promise`, says nothing about the module. */
const isOwn = (value: object): boolean => !languageValues.has(value);

const languageValues = new Set(
  Object.getOwnPropertyNames(globalThis).flatMap((name) => {
    const value = dataOf(globalThis, name);
    return isObject(value) ? [value] : [];
  }),
);

/** A value that is not initialised yet, as in a cycle of ES modules, throws. */
function dataOf(holder: object, key: string): unknown {
  try {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    return descriptor && 'value' in descriptor ? descriptor.value : undefined;
  } catch {
    return undefined;
  }
}
