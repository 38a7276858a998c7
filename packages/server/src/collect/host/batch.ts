import { encodeWriteRequest, type Labels, type MetricMetadata, type WriteSeries } from '@nightshift/wire';
import type { JournalRecord } from '../record.ts';
import type { Family } from './family.ts';

const sorted = (labels: Readonly<Record<string, string>>): Labels =>
  new Map(
    Object.entries(labels)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** A label that the host's own labels have too is kept as `exported_NAME`, as it would be if it were scraped. */
function seriesLabels(name: string, own: Readonly<Record<string, string>>, host: Readonly<Record<string, string>>) {
  const clashing = Object.keys(own).filter((label) => Object.hasOwn(host, label));
  if (clashing.length === 0) return sorted({ ...own, ...host, __name__: name });
  const kept = Object.entries(own).map(([label, value]) => [
    clashing.includes(label) ? `exported_${label}` : label,
    value,
  ]);
  return sorted({ ...Object.fromEntries(kept), ...host, __name__: name });
}

export interface HostBatch {
  readonly record: JournalRecord;
  /** The series that it has values of, by their text. */
  readonly seen: ReadonlyMap<string, Labels>;
}

/**
 * What was gathered `at` a time (Unix milliseconds), under the labels of the host. Series of `before` that are gone get a
 * stale marker.
 */
export function hostBatch(
  families: readonly Family[],
  hostLabels: Readonly<Record<string, string>>,
  at: number,
  before: ReadonlyMap<string, Labels>,
): HostBatch {
  const seen = new Map<string, Labels>();
  const series: WriteSeries[] = [];
  for (const { name, samples } of families) {
    for (const { labels: own, value } of samples) {
      const labels = seriesLabels(name, own, hostLabels);
      const key = JSON.stringify([...labels]);
      if (seen.has(key)) continue;
      seen.set(key, labels);
      series.push({ labels, samples: [{ timestamp: at, value }] });
    }
  }
  for (const [key, labels] of before) {
    if (!seen.has(key)) series.push({ labels, samples: [{ timestamp: at, value: Number.NaN, stale: true }] });
  }
  const metadata = families.map(({ name, type, help }): MetricMetadata => ({ name, type, help, unit: '' }));
  const body = encodeWriteRequest(series, metadata);
  return { record: { kind: 'remote-write', format: 'protobuf', receivedAt: at, body }, seen };
}
