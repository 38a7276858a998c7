import type { Collector } from './collectors/collector.ts';
import { type Family, gauge } from './family.ts';
import type { Host } from './host.ts';

const duration = gauge('node_scrape_collector_duration_seconds', 'node_exporter: Duration of a collector scrape.');
const success = gauge('node_scrape_collector_success', 'node_exporter: Whether a collector succeeded.');

export interface Gathered {
  readonly families: readonly Family[];
  /** Why a collector has nothing to tell, by its name. */
  readonly failures: ReadonlyMap<string, string>;
}

/** Asks every collector. One that fails, or finds nothing where there is always something, is told of as failed; never throws. */
export async function gather(host: Host, collectors: readonly Collector[]): Promise<Gathered> {
  const failures = new Map<string, string>();
  const one = async ({ name, mayBeEmpty, collect }: Collector) => {
    const begun = performance.now();
    const families = await collect(host).catch((error: unknown) => {
      failures.set(name, error instanceof Error ? error.message : String(error));
      return [];
    });
    if (families.length === 0 && !mayBeEmpty && !failures.has(name)) failures.set(name, 'nothing could be read');
    return { families, labels: { collector: name }, seconds: (performance.now() - begun) / 1000 };
  };
  const found = await Promise.all(collectors.map(one));
  return {
    failures,
    families: [
      ...found.flatMap(({ families }) => families),
      { ...duration, samples: found.map(({ labels, seconds }) => ({ labels, value: seconds })) },
      {
        ...success,
        samples: found.map(({ labels }) => ({ labels, value: failures.has(labels.collector) ? 0 : 1 })),
      },
    ],
  };
}
