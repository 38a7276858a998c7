/**
 * Brings module instrumentations to the packages of the application, however these are loaded: by `require`, by `import`
 * of CommonJS or of ES modules, before the library or after it, or by hand.
 */
import type { Hub, ModuleInstrumentation } from '../core/hub.ts';
import { watchCommonJs } from './commonjs.ts';
import { watchEsModules } from './es-modules.ts';
import { isSeen, partsOf } from './parts.ts';

export interface ModuleHooks {
  /**
   * Patches exports that no hook can see, as in a bundle, and gives them back. `name` as in the list of instrumentations;
   * it may be left out where the exports came by `require`. Throws where it cannot be known which package this is.
   */
  instrument<T>(exports: T, name?: string): T;
  /** Takes every patch back, the last one first, and watches no longer. Idempotent. */
  undo(): void;
}

/** A package and one thing in it: `@scope/name/file` belongs to `@scope/name`. */
const packageOf = (module: string): string => /^(@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module;

/** By which it may be left alone. */
export const namesOf = ({ module }: ModuleInstrumentation): readonly string[] => [module, packageOf(module)];

export function hookModules(hub: Hub, instrumentations: readonly ModuleInstrumentation[]): ModuleHooks {
  const { guard, settings } = hub;
  const wanted = settings.enabled
    ? instrumentations.filter((one) => !namesOf(one).some((name) => settings.without.includes(name)))
    : [];
  const back: (() => void)[] = [];
  const patched = new Map<ModuleInstrumentation, WeakSet<object>>();

  /** Once for each copy: an ES module that only hands on what a patched CommonJS module has is the same copy. */
  const patch = (instrumentation: ModuleInstrumentation, exports: unknown): void => {
    const seen = patched.get(instrumentation) ?? new WeakSet();
    patched.set(instrumentation, seen);
    if (isSeen(exports, seen)) return;
    for (const part of partsOf(exports)) seen.add(part);
    const undo = instrumentation.patch(exports, hub);
    for (const part of partsOf(exports)) seen.add(part);
    back.push(() => guard.run(`modules.${instrumentation.module}.undo`, undo, undefined));
  };

  const loaded = (module: string, exports: unknown): void => {
    for (const instrumentation of wanted) {
      if (instrumentation.module !== module) continue;
      guard.run(`modules.${module}`, () => patch(instrumentation, exports), undefined);
    }
  };

  const names = [...new Set(wanted.map(({ module }) => module))];
  const commonJs = guard.run('modules.commonjs', () => watchCommonJs(names, loaded, guard), undefined);
  const unwatch = guard.run('modules.es', () => watchEsModules(names, loaded), undefined);
  return {
    instrument(exports, name = commonJs?.nameOf(exports)) {
      if (!settings.enabled) return exports;
      if (name === undefined) {
        throw new Error(
          `instrument: which package is this? Say it: ns.instrument(exports, NAME), where NAME is one of ${knownNames(instrumentations)}`,
        );
      }
      if (!instrumentations.some(({ module }) => module === name)) {
        throw new Error(`instrument: '${name}' is none of ${knownNames(instrumentations)}`);
      }
      loaded(name, exports);
      return exports;
    },
    undo() {
      unwatch?.();
      commonJs?.unwatch();
      for (const one of back.splice(0).reverse()) one();
      patched.clear();
    },
  };
}

const knownNames = (list: readonly ModuleInstrumentation[]): string =>
  [...new Set(list.map(({ module }) => module))].sort().join(', ');
