/** The library as an application has it, and what a test wants to know of it. */
import type { Instrumentation } from '../../src/core/hub.ts';

export interface Library {
  /** From now on there is an error at this place of the library; `''`: at none, `*`: at all. */
  inject(place: string): void;
  /** Errors by place since the start, and the places that were come to since the last report. */
  report(): { readonly errors: Readonly<Record<string, number>>; readonly places: readonly string[] };
}

const absent: Library = { inject: () => {}, report: () => ({ errors: {}, places: [] }) };

/** Modes: `absent`, `present`, and `inject:PLACE` to throw there from the start. Not even loaded when it is absent. */
export async function startLibrary(mode: string): Promise<Library> {
  if (mode === 'absent') return absent;
  const { start } = await import('../../src/core/start.ts');
  const { instrumentations } = await import('../../src/instrumentations.ts');
  const { hookModules } = await import('../../src/modules/hooks.ts');
  const { moduleInstrumentations } = await import('../../src/modules/index.ts');
  const places = new Set<string>();
  let at = mode.startsWith('inject:') ? mode.slice('inject:'.length) : '';
  const faults: Instrumentation = {
    name: 'faults',
    install({ guard }) {
      guard.inject = (place) => {
        places.add(place);
        if (at === '*' || at === place) throw new Error(`injected at ${place}`);
      };
      return () => {};
    },
  };
  const hub = start({ options: {}, environment: {}, instrumentations: [faults, ...instrumentations], say: () => {} });
  hookModules(hub, moduleInstrumentations);
  return {
    inject(place) {
      at = place;
    },
    report() {
      const met = [...places];
      places.clear();
      return { errors: Object.fromEntries(hub.guard.counts()), places: met };
    },
  };
}
