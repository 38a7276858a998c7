import { hostname } from 'node:os';
import type { Labels } from '@nightshift/wire';
import type { JournalRecord } from '../record.ts';
import { hostBatch } from './batch.ts';
import { createCollectors } from './collectors/index.ts';
import { type Family, gauge } from './family.ts';
import { gather } from './gather.ts';
import { defaultHostPaths, type HostPaths, openHost } from './host.ts';

export interface HostMetricsOptions {
  readonly intervalMs: number;
  /** Of every series; `job` is `node` and `instance` the name of the host where they are not among them. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly paths?: HostPaths;
  readonly now: () => number;
  warn(message: string): void;
}

export interface HostMetrics {
  /** Resolves when the round under way has ended. */
  close(): Promise<void>;
}

/** As of a target that is scraped, so that dashboards and rules find the host. */
function reportOf(families: readonly Family[], seconds: number): Family[] {
  const one = (name: string, help: string, value: number): Family => ({
    ...gauge(name, help),
    samples: [{ labels: {}, value }],
  });
  const count = families.reduce((sum, { samples }) => sum + samples.length, 0);
  return [
    one('up', 'Whether the target was scraped.', 1),
    one('scrape_duration_seconds', 'Duration of the scrape.', seconds),
    one('scrape_samples_scraped', 'Samples that the target exposed.', count),
  ];
}

/**
 * Takes the metrics of the machine that this process runs on, under the names of node_exporter: at once and then on an
 * interval. Each round goes to `take`, which must make it durable. A collector that fails is told of once, and again
 * when the reason is another.
 */
export function startHostMetrics(
  { intervalMs, labels, paths = defaultHostPaths, now, warn }: HostMetricsOptions,
  take: (record: JournalRecord) => Promise<void>,
): HostMetrics {
  const host = openHost(paths);
  const collectors = createCollectors(now);
  const own = { job: 'node', instance: hostname(), ...labels };
  let before: ReadonlyMap<string, Labels> = new Map();
  let told = '';
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function tell(failures: ReadonlyMap<string, string>): void {
    const text = [...failures].map(([name, reason]) => `${name}: ${reason}`).join('; ');
    if (text !== told && text !== '') warn(`host metrics: ${text}`);
    told = text;
  }

  async function round(): Promise<void> {
    const at = now();
    try {
      const { families, failures } = await gather(host, collectors);
      const batch = hostBatch([...families, ...reportOf(families, (now() - at) / 1000)], own, at, before);
      await take(batch.record);
      before = batch.seen;
      tell(failures);
    } catch (error) {
      tell(new Map([['not stored', error instanceof Error ? error.message : String(error)]]));
    }
  }

  const next = async (): Promise<void> => {
    const started = now();
    await round();
    if (isClosed) return;
    timer = setTimeout(
      () => {
        running = next();
      },
      intervalMs - ((now() - started) % intervalMs),
    );
  };
  let running = next();

  return {
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
