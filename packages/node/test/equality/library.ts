/** The library as an application has it, and what a test wants to know of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Instrumentation } from '../../src/core/hub.ts';

export interface Library {
  /** From now on there is an error at this place of the library; `''`: at none, `*`: at all. */
  inject(place: string): void;
  /** Errors by place since the start, and the places that were come to since the last report. */
  report(): { readonly errors: Readonly<Record<string, number>>; readonly places: readonly string[] };
}

const absent: Library = { inject: () => {}, report: () => ({ errors: {}, places: [] }) };

/** Modes: `absent`, `present`, `inject:PLACE` to throw there from the start, and `meddling`. Not even loaded when it is absent. */
export async function startLibrary(mode: string): Promise<Library> {
  if (mode === 'absent') return absent;
  if (mode === 'meddling') return meddle();
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
  // Somebody takes the spans: every request is traced.
  hub.onSpan(() => {});
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

/** What a careless library does: a header, a listener that waits for the end, a response that is held back. */
async function meddle(): Promise<Library> {
  const { subscribe } = await import('node:diagnostics_channel');
  subscribe('http.server.request.start', (told) => {
    const { request, response } = told as { request: IncomingMessage; response: ServerResponse };
    if (request.url?.startsWith('/raw/slow')) request.resume();
    if (request.url?.startsWith('/raw/objects')) response.on('finish', () => {});
    else response.setHeader('X-Seen', '1');
  });
  return absent;
}
