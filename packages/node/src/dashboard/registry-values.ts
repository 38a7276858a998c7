import type { Registry } from 'prom-client';

export interface MetricValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All values of a counter or gauge, asked for as by an exposition; none where there is no such metric. */
export async function valuesOf(registry: Registry, name: string): Promise<readonly MetricValue[]> {
  const metric = registry.getSingleMetric(name);
  if (!metric) return [];
  const { values } = await metric.get();
  return values.map(({ labels, value }) => ({ labels: labels as Readonly<Record<string, string>>, value }));
}

/** Names in the registry that begin so, in their order. */
export const namesWith = (registry: Registry, prefix: string): string[] =>
  registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));
