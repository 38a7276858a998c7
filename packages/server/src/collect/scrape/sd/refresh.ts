import type { Discovery, TargetGroup } from '../discovery.ts';
import { endedGroups } from './target-groups.ts';

/** What a look found. A group whose source is among `kept` could not be asked for and stays as it was. */
export interface Look {
  readonly groups: readonly TargetGroup[];
  readonly failures?: readonly string[];
  readonly kept?: readonly string[];
}

export interface Refreshing extends Discovery {
  /** Looks again at once, or as soon as the look under way has ended. */
  again(): void;
}

/** A discovery that looks at once and then every `intervalMs`. A look that throws changes nothing; what one no longer finds is ended. */
export function refreshing(intervalMs: number, look: (signal: AbortSignal) => Promise<Look>): Refreshing {
  const stop = new AbortController();
  const before = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let wanted = false;
  let round = async (): Promise<void> => {};

  const changesOf = ({ groups, kept = [] }: Look): TargetGroup[] => {
    const ended = endedGroups(before.keys(), groups).filter(({ source }) => !kept.includes(source));
    const changed = groups.filter((group) => before.get(group.source) !== fingerprint(group));
    for (const { source } of ended) before.delete(source);
    for (const group of changed) before.set(group.source, fingerprint(group));
    return [...changed, ...ended];
  };
  const next = (): void => {
    clearTimeout(timer);
    if (stop.signal.aborted) return;
    if (running) {
      wanted = true;
      return;
    }
    running = round().finally(() => {
      running = undefined;
      if (stop.signal.aborted) return;
      timer = setTimeout(next, wanted ? 0 : intervalMs);
      wanted = false;
    });
  };
  return {
    start: (found, failed) => {
      round = async () => {
        try {
          const result = await look(stop.signal);
          if (stop.signal.aborted) return;
          for (const failure of result.failures ?? []) failed(failure);
          const changes = changesOf(result);
          if (changes.length > 0) found(changes);
        } catch (error) {
          if (!stop.signal.aborted) failed(error instanceof Error ? reasonOf(error) : String(error));
        }
      };
      next();
    },
    again: next,
    close: async () => {
      stop.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

const fingerprint = ({ targets, labels }: TargetGroup): string =>
  JSON.stringify([targets.map((target) => [...target]), [...labels]]);

/** The message of an error with that of its cause, where most of undici's say what happened. */
export function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
