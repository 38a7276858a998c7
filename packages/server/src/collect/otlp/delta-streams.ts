import type { DeltaPoint, DeltaState, DeltaStates } from '@nightshift/wire';

export interface DeltaStreamsOptions {
  /** States in memory; beyond it the one that was used longest ago gives way, and is read from the store when it is wanted. */
  readonly maxStreams: number;
  /** A stream that was not added to for so many milliseconds begins again. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  /** The states that the store's samples since `from` (Unix milliseconds) tell of these streams; a stream without any is left out. */
  readonly restore: (points: readonly DeltaPoint[], from: number) => Promise<ReadonlyMap<string, DeltaState>>;
}

/** The right to add to some streams: nobody else does until it is ended by `keep` or `drop`. */
export interface DeltaLease extends DeltaStates {
  /** What was added is durable. */
  keep(): void;
  /** Nothing was added; after `keep` it does nothing. */
  drop(): void;
}

interface Kept {
  readonly state: DeltaState;
  readonly usedAt: number;
}

/** What each delta stream has come to, as far as it is acknowledged; bounded in number and age. */
export class DeltaStreams {
  /** The one that was used longest ago comes first. */
  private readonly kept = new Map<string, Kept>();
  private readonly leased = new Map<string, Promise<void>>();

  constructor(private readonly options: DeltaStreamsOptions) {}

  get size(): number {
    return this.kept.size;
  }

  /** Waits for whoever adds to one of the streams of the points. Throws what `restore` throws, with nothing leased. */
  async lease(points: readonly DeltaPoint[]): Promise<DeltaLease> {
    const streams = new Set(points.map(({ stream }) => stream));
    for (let others = this.othersAt(streams); others.length > 0; others = this.othersAt(streams)) {
      await Promise.all(others);
    }
    const end = this.mark(streams);
    try {
      return this.leaseOf(await this.statesOf(points), end);
    } catch (error) {
      end();
      throw error;
    }
  }

  private othersAt(streams: ReadonlySet<string>): Promise<void>[] {
    const others = new Set<Promise<void>>();
    for (const stream of streams) {
      const other = this.leased.get(stream);
      if (other) others.add(other);
    }
    return [...others];
  }

  private mark(streams: ReadonlySet<string>): () => void {
    let resolve = () => {};
    const ended = new Promise<void>((done) => {
      resolve = done;
    });
    for (const stream of streams) this.leased.set(stream, ended);
    return () => {
      for (const stream of streams) if (this.leased.get(stream) === ended) this.leased.delete(stream);
      resolve();
    };
  }

  private async statesOf(points: readonly DeltaPoint[]): Promise<Map<string, DeltaState>> {
    this.forget();
    const states = new Map<string, DeltaState>();
    const unknown: DeltaPoint[] = [];
    for (const point of points) {
      const kept = this.kept.get(point.stream);
      if (kept) states.set(point.stream, kept.state);
      else unknown.push(point);
    }
    if (unknown.length === 0) return states;
    const { restore, now, maxAgeMs } = this.options;
    for (const [stream, state] of await restore(unknown, now() - maxAgeMs)) states.set(stream, state);
    return states;
  }

  private leaseOf(states: ReadonlyMap<string, DeltaState>, end: () => void): DeltaLease {
    const changed = new Map<string, DeltaState>();
    return {
      get: (stream) => changed.get(stream) ?? states.get(stream),
      set: (stream, state) => void changed.set(stream, state),
      keep: () => {
        const usedAt = this.options.now();
        for (const [stream, state] of changed) {
          this.kept.delete(stream);
          this.kept.set(stream, { state, usedAt });
        }
        changed.clear();
        this.forget();
        end();
      },
      drop: end,
    };
  }

  /** A stream that is leased has its state in the lease. */
  private forget(): void {
    const { maxStreams, maxAgeMs, now } = this.options;
    const oldest = now() - maxAgeMs;
    for (const [stream, { usedAt }] of this.kept) {
      if (this.kept.size <= maxStreams && usedAt >= oldest) return;
      this.kept.delete(stream);
    }
  }
}
