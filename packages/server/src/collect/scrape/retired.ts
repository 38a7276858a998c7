import type { TargetLoop } from './loop.ts';

interface Leaving {
  readonly loop: TargetLoop;
  readonly timer: NodeJS.Timeout;
}

const identity = ({ state }: TargetLoop): string => JSON.stringify([...state.target.labels]);

/**
 * Targets that are gone. Their series end only after two more intervals, as of when the next scrape would have been: until
 * then the same target may come back from another discovery or job, and goes on without a gap.
 */
export class RetiredTargets {
  readonly #leaving = new Map<string, Leaving>();

  constructor(
    private readonly now: () => number,
    private readonly failed: (reason: string) => void,
  ) {}

  add(loop: TargetLoop): void {
    const key = identity(loop);
    const { intervalMs } = loop.state.target;
    const endsAt = this.now() + loop.untilNext;
    const finish = async () => {
      this.#leaving.delete(key);
      try {
        await loop.end(endsAt);
      } catch (error) {
        this.failed(
          `the end of ${loop.state.target.url} was not stored: ${error instanceof Error ? error.message : error}`,
        );
      }
    };
    clearTimeout(this.#leaving.get(key)?.timer);
    const timer = setTimeout(() => void finish(), loop.untilNext + intervalMs * 1.1);
    this.#leaving.set(key, { loop, timer });
  }

  /** The loop of a target with the same labels that is about to end, which then does not. */
  takeBack(labels: ReadonlyMap<string, string>): TargetLoop | undefined {
    const key = JSON.stringify([...labels]);
    const leaving = this.#leaving.get(key);
    clearTimeout(leaving?.timer);
    this.#leaving.delete(key);
    return leaving?.loop;
  }

  /** Ends nothing: after a restart the targets are most likely there again. */
  close(): void {
    for (const { timer } of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }
}
