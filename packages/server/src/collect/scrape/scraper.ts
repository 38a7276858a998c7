import type { ScrapeConfig } from './config/types.ts';
import type { DiscoveryDeps } from './discoveries.ts';
import type { Take } from './loop.ts';
import { fingerprint, type PoolDeps, ScrapePool } from './pool.ts';
import { RetiredTargets } from './retired.ts';
import type { DroppedTarget, TargetState, TargetStatus } from './target.ts';

/** A job with what its discoveries found and relabelling left out. */
export interface PoolState {
  readonly job: string;
  readonly config: ScrapeConfig;
  /** At most as many as the job keeps. */
  readonly dropped: readonly DroppedTarget[];
  /** All of them. */
  readonly droppedCount: number;
}

export interface Scraper {
  status(): readonly TargetStatus[];
  targets(): readonly TargetState[];
  pools(): readonly PoolState[];
  /** Goes on by other jobs. A job that says the same as before is not touched, and one that is gone has its series ended. */
  reload(configs: readonly ScrapeConfig[]): void;
  /** Stops all loops; resolves when the last scrape under way has ended or was given up (bounded by its time-out). */
  close(): Promise<void>;
}

export interface ScraperOptions {
  readonly warn?: (message: string) => void;
  readonly discovery?: DiscoveryDeps;
  /** Whether little memory counts for more than little work; see ScrapeSettings. */
  readonly packsSeries?: boolean;
}

/** Finds and scrapes the targets of all jobs and hands each result to `take`, which must make it durable. */
export function startScraper(
  configs: readonly ScrapeConfig[],
  take: Take,
  now: () => number,
  { warn = () => {}, discovery = {}, packsSeries = false }: ScraperOptions = {},
): Scraper {
  const retired = new RetiredTargets(now, warn);
  const deps: PoolDeps = { take, now, retired, discovery, packsSeries, warn };
  const pools = new Map<string, ScrapePool>();
  const leaving = new Set<Promise<void>>();

  const reload = (wanted: readonly ScrapeConfig[]) => {
    const names = new Set(wanted.map(({ jobName }) => jobName));
    // First those that go, so that a job that was only renamed can take their targets over.
    for (const [name, pool] of pools) {
      if (names.has(name)) continue;
      pools.delete(name);
      const done = pool.retire().finally(() => leaving.delete(done));
      leaving.add(done);
    }
    for (const config of wanted) {
      const pool = pools.get(config.jobName);
      if (!pool) pools.set(config.jobName, new ScrapePool(config, deps));
      else if (fingerprint(pool.config) !== fingerprint(config)) pool.reload(config);
    }
  };
  reload(configs);

  const loops = () => [...pools.values()].flatMap((pool) => pool.loops);
  return {
    status: () => loops().map((loop) => loop.status),
    targets: () => loops().map((loop) => loop.state),
    pools: () =>
      [...pools.values()].map(({ config, dropped, droppedCount }) => ({
        job: config.jobName,
        config,
        dropped,
        droppedCount,
      })),
    reload,
    close: async () => {
      await Promise.all([...[...pools.values()].map((pool) => pool.close()), ...leaving]);
      retired.close();
    },
  };
}
