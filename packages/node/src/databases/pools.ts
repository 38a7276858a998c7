import type { Guard } from '../core/guard.ts';
import type { Meters } from '../metrics/meters.ts';

/** Connections that are open and free, that are in use, and requests that wait for one. */
export interface PoolState {
  readonly idle: number;
  readonly used: number;
  readonly waiting: number;
}

interface Watched {
  readonly pool: WeakRef<object>;
  readonly name: string;
  /** Is given the pool, so that nothing here holds it. */
  readonly state: (pool: never) => PoolState;
}

/** At a time, and of names that are remembered: applications may have a pool for each of their customers. */
const MOST_POOLS = 1000;

/** The pools of a process, for the gauge; those of one name are added up. A pool that is gone is forgotten. */
export class Pools {
  private readonly seen = new WeakSet<object>();
  private watched: Watched[] = [];
  private readonly names = new Set<string>();

  constructor(meters: Meters, guard: Guard) {
    meters.gauge(
      {
        name: 'db_client_connections_usage',
        help: 'Connections of a pool that are idle or used, and requests that wait for one.',
        labels: ['pool', 'state'],
      },
      (gauge) => {
        for (const [name, { idle, used, waiting }] of this.states(guard)) {
          gauge.set([name, 'idle'], idle);
          gauge.set([name, 'used'], used);
          gauge.set([name, 'waiting'], waiting);
        }
      },
    );
  }

  /** Cheap for a pool that is known. */
  watch<Pool extends object>(pool: Pool, name: () => string, state: (pool: Pool) => PoolState): void {
    if (this.seen.has(pool) || this.watched.length >= MOST_POOLS) return;
    this.seen.add(pool);
    this.watched.push({ pool: new WeakRef(pool), name: name(), state });
  }

  private states(guard: Guard): ReadonlyMap<string, PoolState> {
    const sums = new Map<string, PoolState>();
    const none = { idle: 0, used: 0, waiting: 0 };
    for (const name of this.names) sums.set(name, none);
    this.watched = this.watched.filter(({ pool, name, state }) => {
      const alive = pool.deref();
      if (!alive) return false;
      const { idle, used, waiting } = guard.run('database.pool', () => state(alive as never), none);
      const sum = sums.get(name) ?? none;
      sums.set(name, { idle: sum.idle + idle, used: sum.used + used, waiting: sum.waiting + waiting });
      return true;
    });
    for (const name of sums.keys()) if (this.names.size < MOST_POOLS) this.names.add(name);
    return sums;
  }
}
