import type { Instrumentation } from './core/hub.ts';

/** All that is watched in the process itself; a new one is a file and a line here. */
export const instrumentations: readonly Instrumentation[] = [];
