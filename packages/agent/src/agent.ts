import { crc32 } from 'node:zlib';
import { type Scraper, type ScrapeTarget, startHostMetrics, startScraper } from '@nightshift/server/collect';
import { type AgentConfig, type ConfigSource, loadConfig } from './config/load.ts';
import { Destinations } from './destinations.ts';
import { takeDirectory } from './directory.ts';
import { type Listener, listen } from './listener/listener.ts';
import type { AgentState } from './listener/state.ts';
import { createLog, type Log } from './log.ts';

export interface AgentOptions extends ConfigSource {
  readonly version: string;
  readonly now?: () => number;
  readonly log?: Log;
  /** Called whenever a scrape has been stored. */
  readonly afterScrape?: () => void;
}

export interface Agent {
  readonly url: string;
  readonly config: AgentConfig;
  /** Reads variables and file anew. Throws AgentConfigError with everything that is wrong, and what runs goes on. */
  reload(): Promise<void>;
  /** Stops scraping and sending; what waits stays on disk. */
  close(): Promise<void>;
}

/** The same for all scrapes of a target, and for the same target in another job. */
const keyOf = ({ labels }: ScrapeTarget): number => crc32(JSON.stringify([...labels]));

const hostKey = 0;

/** Starts scraping, and sending what is scraped. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { now = Date.now, version } = options;
  let config = loadConfig(options);
  const log = options.log ?? createLog(config.settings.NIGHTSHIFT_AGENT_LOG_LEVEL, now);
  const directory = await takeDirectory(config.dataDir);
  const undo: (() => Promise<void>)[] = [() => directory.release()];
  const close = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };
  try {
    const destinations = new Destinations({ dir: directory.path, now, log });
    undo.push(() => destinations.close());
    await destinations.configure(config);
    const scraped = { results: 0, samples: 0, bytes: 0 };
    const scraper: Scraper = startScraper(
      config.scrapeConfigs,
      async ({ body, receivedAt }, _decoded, target) => {
        scraped.results++;
        scraped.bytes += body.length;
        scraped.samples += await destinations.take(body, keyOf(target), receivedAt);
        options.afterScrape?.();
      },
      now,
      { packsSeries: true, warn: (message) => log.warn({}, message) },
    );
    undo.push(() => scraper.close());
    if (config.settings.NIGHTSHIFT_AGENT_HOST_METRICS) {
      const host = startHostMetrics(
        {
          intervalMs: config.settings.NIGHTSHIFT_AGENT_INTERVAL,
          now,
          warn: (message) => log.warn({}, message),
        },
        async ({ body, receivedAt }) => void (await destinations.take(body, hostKey, receivedAt)),
      );
      undo.push(() => host.close());
    }
    tellUnused(config, log);
    const reloaded = { ok: true, at: now() };
    const state: AgentState = { version, startedAt: now(), scraped, reloaded, destinations, scraper };
    const load = async () => {
      const next = loadConfig(options);
      await destinations.configure(next);
      scraper.reload(next.scrapeConfigs);
      config = next;
      tellUnused(config, log);
    };
    const reload = async () => {
      try {
        await load();
        state.reloaded = { ok: true, at: now() };
        log.info({}, 'the configuration was read anew');
      } catch (error) {
        state.reloaded = { ...state.reloaded, ok: false };
        throw error;
      }
    };
    const reloads = oneAfterAnother(reload);
    const listener: Listener = await listen(config.settings.NIGHTSHIFT_AGENT_LISTEN, state, reloads);
    undo.push(() => listener.close());
    return {
      url: listener.url,
      get config() {
        return config;
      },
      reload: reloads,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs of `work` do not overlap; each that is asked for takes place. */
function oneAfterAnother(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}

function tellUnused({ unused, file }: AgentConfig, log: Log): void {
  if (unused.length > 0) log.warn({ file, keys: unused }, 'the agent does nothing with these keys');
}
