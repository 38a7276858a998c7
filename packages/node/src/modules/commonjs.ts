/**
 * Watches CommonJS modules when they have been loaded. All of them pass `Module.prototype.load` once, whether `require`
 * or `import` asks for them, before whoever asked sees the exports; `require` of an ES module passes it too.
 */
import Module, { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import type { Guard } from '../core/guard.ts';
import { nameInManifest } from './manifest.ts';

/** What Node's own module loader keeps of a module; no public type names it. */
interface LoadedModule {
  exports: unknown;
  readonly loaded: boolean;
}

interface Loader {
  readonly prototype: { load(this: LoadedModule, filename: string): unknown };
  readonly _cache: Readonly<Record<string, LoadedModule | undefined>>;
}

const loader = Module as unknown as Loader;

export interface CommonJsWatch {
  /** By which name of the list these exports were loaded, if `require` knows them. */
  nameOf(exports: unknown): string | undefined;
  unwatch(): void;
}

/** Tells `loaded` of the modules named, also of those that were loaded before, a copy each time. */
export function watchCommonJs(
  names: readonly string[],
  loaded: (name: string, exports: unknown) => void,
  guard: Guard,
): CommonJsWatch {
  const find = createFinder(names);
  const tell = (module: LoadedModule, filename: string) => {
    for (const name of find(filename)) loaded(name, module.exports);
  };
  const cached = () =>
    Object.keys(loader._cache).flatMap((filename) => {
      const module = loader._cache[filename];
      return module?.loaded ? [{ module, filename }] : [];
    });
  for (const { module, filename } of cached()) tell(module, filename);
  const stop =
    names.length > 0 ? onLoad((...args) => guard.run('modules.loaded', () => tell(...args), undefined)) : () => {};
  return {
    nameOf(exports) {
      const inner = (exports as { default?: unknown } | null | undefined)?.default;
      const found = cached().find(({ module }) => module.exports === exports || (inner && module.exports === inner));
      return found ? find(found.filename)[0] : undefined;
    },
    unwatch: stop,
  };
}

function onLoad(tell: (module: LoadedModule, filename: string) => void): () => void {
  const { prototype } = loader;
  const original = prototype.load;
  let watching = true;
  function load(this: LoadedModule, filename: string): unknown {
    const result = original.call(this, filename);
    if (watching) tell(this, filename);
    return result;
  }
  prototype.load = load;
  return () => {
    watching = false;
    // Where somebody else has wrapped it since, it stays in the chain and does nothing.
    if (prototype.load === load) prototype.load = original;
  };
}

const NODE_MODULES = `${sep}node_modules${sep}`;

/** Which of the names a file is what `require` of the name gives. */
function createFinder(names: readonly string[]): (filename: string) => readonly string[] {
  const byPackage = new Map<string, string[]>();
  for (const name of names) {
    const owner = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    byPackage.set(owner, [...(byPackage.get(owner) ?? []), name]);
  }
  /** By directory of a package: the files that count, or undefined for a package of no interest. */
  const packages = new Map<string, ReadonlyMap<string, readonly string[]> | undefined>();

  return (filename) => {
    const place = packageAt(filename);
    if (!place) return [];
    let files = packages.get(place.base);
    if (!packages.has(place.base)) {
      const owner = byPackage.has(place.name) ? place.name : aliased(place, byPackage);
      files = owner === undefined ? undefined : entriesOf(place, owner, byPackage.get(owner) ?? []);
      packages.set(place.base, files);
    }
    return files?.get(filename) ?? [];
  };
}

interface Place {
  /** Directory of the package, and its name there. */
  readonly base: string;
  readonly name: string;
}

function packageAt(filename: string): Place | undefined {
  const at = filename.lastIndexOf(NODE_MODULES);
  if (at < 0) return undefined;
  const begin = at + NODE_MODULES.length;
  let end = filename.indexOf(sep, begin);
  if (filename[begin] === '@') end = filename.indexOf(sep, end + 1);
  if (end < 0) return undefined;
  return { base: filename.slice(0, end), name: filename.slice(begin, end).replaceAll(sep, '/') };
}

/** A package that was installed by another name, such as `express4`, has its own name in its manifest. */
function aliased({ base, name }: Place, known: ReadonlyMap<string, unknown>): string | undefined {
  for (const candidate of known.keys()) {
    if (name.includes(candidate) && nameInManifest(base) === candidate) return candidate;
  }
  return undefined;
}

function entriesOf({ base, name }: Place, owner: string, modules: readonly string[]): Map<string, string[]> {
  const resolve = createRequire(join(base, 'package.json')).resolve;
  const files = new Map<string, string[]>();
  for (const module of modules) {
    const inside = module.slice(owner.length);
    for (const file of new Set([resolved(resolve, name + inside), ...direct(base, inside)])) {
      if (file !== undefined) files.set(file, [...(files.get(file) ?? []), module]);
    }
  }
  return files;
}

/** Undefined where the package has nothing for `require`, or does not show this file. */
function resolved(resolve: NodeJS.RequireResolve, request: string): string | undefined {
  try {
    return resolve(request);
  } catch {
    return undefined;
  }
}

/** A file that the package does not show to others is named by its path. */
const direct = (base: string, inside: string): string[] =>
  inside === '' ? [] : ['', '.js', '.cjs', '.mjs'].map((extension) => base + inside.replaceAll('/', sep) + extension);

/** Whether `require` or `import` has loaded any file of this CommonJS package. */
export const isLoaded = (name: string): boolean =>
  Object.keys(loader._cache).some((filename) => packageAt(filename)?.name === name);
