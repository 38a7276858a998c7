/**
 * Watches ES modules when they have been evaluated. A line after the source of a module that is watched hands over its
 * namespace; every other module is loaded as ever. The namespace cannot be changed, the prototypes that it carries can.
 */
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { createAnnotator } from './annotator.ts';
import { readManifest } from './manifest.ts';

type Listener = (name: string, namespace: unknown) => void;

interface Handover {
  readonly seen: { readonly name: string; readonly namespace: unknown }[];
  readonly listeners: Set<Listener>;
  /** Names whose modules hand themselves over already. */
  readonly watched: Set<string>;
}

/** Known to the modules that hand themselves over; one for the process, whatever copies of the library there are. */
const HANDOVER = '@nightshift/node:loaded';

function handover(): Handover {
  const place = globalThis as { [key: symbol]: ((name: string, namespace: unknown) => void) & { state: Handover } };
  const key = Symbol.for(HANDOVER);
  const there = place[key];
  if (there) return there.state;
  const state: Handover = { seen: [], listeners: new Set(), watched: new Set() };
  const take = (name: string, namespace: unknown): void => {
    state.seen.push({ name, namespace });
    for (const listener of state.listeners) listener(name, namespace);
  };
  Object.defineProperty(globalThis, key, { value: Object.assign(take, { state }), enumerable: false });
  return state;
}

/** Tells `loaded` of the ES modules named that are loaded from now on, and of those that were handed over before. */
export function watchEsModules(names: readonly string[], loaded: Listener): () => void {
  const { seen, listeners, watched } = handover();
  for (const { name, namespace } of [...seen]) if (names.includes(name)) loaded(name, namespace);
  const missing = names.filter((name) => !watched.has(name));
  const wanted = hasInThreadHooks() ? missing : missing.filter(mayBeEsModule);
  if (wanted.length > 0) {
    for (const name of wanted) watched.add(name);
    annotate(wanted);
  }
  listeners.add(loaded);
  return () => void listeners.delete(loaded);
}

interface ResolveResult {
  readonly url: string;
}

interface LoadResult {
  format?: string | null;
  source?: unknown;
}

/** Newer than the types of the oldest Node that is supported. */
interface HooksOfLoader {
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: object,
      next: (specifier: string, context: object) => ResolveResult,
    ): ResolveResult;
    load(url: string, context: object, next: (url: string, context: object) => LoadResult): LoadResult;
  }): unknown;
  register(specifier: string): void;
}

const hooks = Module as unknown as HooksOfLoader;

/**
 * Before these versions a hook for loading refuses CommonJS modules that are imported
 * (https://github.com/nodejs/node/pull/59929), although it is there since 22.15.
 */
function hasInThreadHooks(): boolean {
  if (typeof hooks.registerHooks !== 'function') return false;
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 3);
  if (major === 24) return minor > 11 || (minor === 11 && patch >= 1);
  return major > 24 && (major > 25 || minor >= 1);
}

function annotate(names: readonly string[]): void {
  const key = HANDOVER;
  if (!hasInThreadHooks()) {
    hooks.register(`data:text/javascript,${encodeURIComponent(threadSource(names, key))}`);
    return;
  }
  const annotator = createAnnotator(names, key);
  hooks.registerHooks?.({
    resolve(specifier, context, next) {
      const result = next(specifier, context);
      annotator.resolved(specifier, result.url);
      return result;
    },
    load(url, context, next) {
      const result = next(url, context);
      return annotator.isWatched(url) ? annotator.annotated(url, result) : result;
    },
  });
}

/** The same hooks for the thread in which an older Node has them. */
const threadSource = (names: readonly string[], key: string): string => `
const annotator = (${createAnnotator.toString()})(${JSON.stringify(names)}, ${JSON.stringify(key)});
export async function resolve(specifier, context, next) {
  const result = await next(specifier, context);
  annotator.resolved(specifier, result.url);
  return result;
}
export async function load(url, context, next) {
  const result = await next(url, context);
  return annotator.isWatched(url) ? annotator.annotated(url, result) : result;
}`;

/** The thread takes 30 ms to start: only where the application has a package that needs it. */
function mayBeEsModule(name: string): boolean {
  const inPackage = name.split('/', name.startsWith('@') ? 2 : 1);
  return rootsOfApplication().some((root) => {
    const manifest = readManifest(join(root, 'node_modules', ...inPackage));
    return (
      manifest !== undefined &&
      (manifest.type === 'module' || /"import"|\.mjs"/.test(JSON.stringify(manifest.exports ?? '')))
    );
  });
}

function rootsOfApplication(): readonly string[] {
  const roots = new Set<string>();
  for (const from of [process.argv[1] ? dirname(process.argv[1]) : undefined, process.cwd()]) {
    for (let at = from; at !== undefined && !roots.has(at); at = dirname(at)) roots.add(at);
  }
  return [...roots];
}
