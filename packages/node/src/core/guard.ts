/**
 * Everything the library does on behalf of an application runs inside the guard: an error of its own is counted, reported
 * once for each place, and the application goes on as if the library were absent.
 */
export interface Guard {
  /** What `work` gives, or `fallback` if it throws. `place` names where, from a small fixed set: `http.server.end`. */
  run<T>(place: string, work: () => T, fallback: T): T;
  /** An error that was caught elsewhere, as in a rejected promise. Never throws. */
  report(place: string, error: unknown): void;
  /** Errors by place since the start. */
  counts(): ReadonlyMap<string, number>;
  /** Called at each place before its work; a test throws from here to show that the application does not notice. */
  inject?: ((place: string) => void) | undefined;
}

export function createGuard(say: (message: string) => void): Guard {
  const errors = new Map<string, number>();
  const guard: Guard = {
    run(place, work, fallback) {
      try {
        guard.inject?.(place);
        return work();
      } catch (error) {
        guard.report(place, error);
        return fallback;
      }
    },
    report(place, error) {
      const before = errors.get(place) ?? 0;
      errors.set(place, before + 1);
      if (before > 0) return;
      try {
        say(`@nightshift/node: an error of its own in ${place}, said once and counted: ${textOf(error)}`);
      } catch {
        // Whoever is told may be what fails.
      }
    },
    counts: () => errors,
  };
  return guard;
}

/** Even a thrown object whose `toString` throws has a text. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } catch {
    return 'something that cannot be shown';
  }
}
