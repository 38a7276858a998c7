/**
 * `node:sqlite` is part of Node: no module of the application brings it. It is watched from when the application first asks
 * for it; asking for it ourselves any sooner would let Node warn of an experiment that nobody makes.
 */
import Module from 'node:module';
import type { Hub, Instrumentation } from '../../core/hub.ts';
import { nodeSqliteModule } from './index.ts';

const NAME = 'node:sqlite';

/** Newer than the types of the oldest Node that is supported. */
interface Loader {
  _load(this: unknown, request: string, ...rest: unknown[]): unknown;
  registerHooks?(hooks: {
    resolve(specifier: string, context: object, next: (specifier: string, context: object) => object): object;
  }): { deregister(): void };
}

const loader = Module as unknown as Loader;

/** Node's own list of what it has loaded; no public type names it. */
const isLoaded = (): boolean =>
  ((process as { moduleLoadList?: readonly string[] }).moduleLoadList ?? []).includes('NativeModule sqlite');

export const nodeSqlite: Instrumentation = {
  name: NAME,
  install(hub: Hub) {
    if (!Module.isBuiltin(NAME)) return () => {};
    let undo: (() => void) | undefined;
    const patch = () => {
      undo ??= hub.guard.run(
        'database.sqlite.load',
        () => nodeSqliteModule.patch(process.getBuiltinModule(NAME), hub),
        () => {},
      );
    };
    if (isLoaded()) patch();
    const stop = undo === undefined ? whenAsked(patch) : () => {};
    return () => {
      stop();
      undo?.();
    };
  },
};

/** By `import` or `require`; in a Node without hooks in the same thread by `require` alone. */
function whenAsked(patch: () => void): () => void {
  if (loader.registerHooks) {
    const hooks = loader.registerHooks({
      resolve(specifier, context, next) {
        const result = next(specifier, context);
        if (specifier === NAME) patch();
        return result;
      },
    });
    return () => hooks.deregister();
  }
  const original = loader._load;
  const load: Loader['_load'] = function (this: unknown, request, ...rest) {
    const result = original.call(this, request, ...rest);
    if (request === NAME) patch();
    return result;
  };
  loader._load = load;
  return () => {
    if (loader._load === load) loader._load = original;
  };
}
