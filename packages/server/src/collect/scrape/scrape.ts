import { Readable } from 'node:stream';
import {
  type Exemplar,
  encodeWriteRequest,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  parseExposition,
  parseOpenMetrics,
  type WriteSample,
  type WriteSeries,
} from '@nightshift/wire';
import { readBody } from '../body.ts';
import type { JournalRecord } from '../record.ts';
import { type ScrapeTarget, withTargetLabels } from './target.ts';

export interface ScrapeResult {
  readonly record: JournalRecord;
  /** The series that were seen, by their text; what was there before and is not now gets a stale marker. */
  readonly seen: ReadonlyMap<string, Labels>;
  /** By the text of a series, the text of the exemplar that it shows without a time: it is new only when it changes. */
  readonly exemplars: ReadonlyMap<string, string>;
  /** What the target says of its metrics; undefined when the scrape failed. */
  readonly metadata: readonly MetricMetadata[] | undefined;
  /** '' when it went well. */
  readonly error: string;
}

const maxScrapeBytes = 64 * 1024 * 1024;

async function fetchExposition(target: ScrapeTarget, at: number): Promise<MetricBatch> {
  const response = await fetch(target.url, {
    signal: AbortSignal.timeout(target.timeoutMs),
    headers: {
      // Only OpenMetrics has exemplars.
      accept:
        'application/openmetrics-text;version=1.0.0;q=0.7,text/plain;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'x-prometheus-scrape-timeout-seconds': String(target.timeoutMs / 1000),
      'user-agent': 'Nightshift',
    },
  });
  if (response.status !== 200 || !response.body) throw new Error(`the target answered HTTP ${response.status}`);
  const body = await readBody(Readable.fromWeb(response.body as never), 'identity', {
    maxBodyBytes: maxScrapeBytes,
    maxDecompressedBytes: maxScrapeBytes,
  });
  const isOpen = /^application\/openmetrics-text\b/i.test(response.headers.get('content-type') ?? '');
  const parse = isOpen ? parseOpenMetrics : parseExposition;
  return parse(new TextDecoder('utf-8', { fatal: true }).decode(body), at);
}

function reason(error: unknown, target: ScrapeTarget): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no complete answer within ${target.timeoutMs} ms`;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause ? `${error.message}: ${cause}` : error.message;
}

interface Scraped {
  readonly series: WriteSeries[];
  readonly seen: Map<string, Labels>;
  readonly exemplars: Map<string, string>;
}

/** `shown`: the exemplars of the scrape before. */
function samplesOf(batch: MetricBatch, target: ScrapeTarget, at: number, shown: ReadonlyMap<string, string>): Scraped {
  const seen = new Map<string, Labels>();
  const series = batch.series.map((labels) => ({
    labels: withTargetLabels(labels, target),
    samples: [] as WriteSample[],
    exemplars: [] as Exemplar[],
  }));
  const keys = series.map(({ labels }) => JSON.stringify([...labels]));
  for (const [i, { labels }] of series.entries()) seen.set(keys[i]!, labels);
  batch.seriesIndex.forEach((index, i) => {
    series[index]?.samples.push({ timestamp: batch.timestamps[i] ?? 0, value: batch.values[i] ?? 0 });
  });
  const exemplars = new Map<string, string>();
  for (const { series: index, ...exemplar } of batch.exemplars) {
    const key = keys[index]!;
    const text = JSON.stringify([...exemplar.labels, exemplar.value]);
    if (exemplar.timestamp === at) exemplars.set(key, text);
    if (exemplar.timestamp !== at || shown.get(key) !== text) series[index]?.exemplars.push(exemplar);
  }
  return { series, seen, exemplars };
}

const nothing = (): Scraped => ({ series: [], seen: new Map(), exemplars: new Map() });

/**
 * Scrapes a target once. `at` (Unix milliseconds) is the time of every sample that has none of its own. Never throws:
 * a failed scrape is a result with `up` 0, stale markers for all `before`, and the reason in `error`. An exemplar without
 * a time that the scrape before has `shown` is not taken again.
 */
export async function scrapeOnce(
  target: ScrapeTarget,
  before: ReadonlyMap<string, Labels>,
  now: () => number,
  shown: ReadonlyMap<string, string> = new Map(),
): Promise<ScrapeResult> {
  const at = now();
  let error = '';
  let batch: MetricBatch | undefined;
  try {
    batch = await fetchExposition(target, at);
  } catch (cause) {
    error = reason(cause, target);
  }
  const { series, seen, exemplars } = batch ? samplesOf(batch, target, at, shown) : nothing();
  const samples = batch?.values.length ?? 0;
  let added = 0;
  for (const key of seen.keys()) if (!before.has(key)) added++;
  for (const [key, labels] of before) {
    if (!seen.has(key)) series.push({ labels, samples: [{ timestamp: at, value: Number.NaN, stale: true }] });
  }
  const automatic: Record<string, number> = {
    up: error ? 0 : 1,
    scrape_duration_seconds: (now() - at) / 1000,
    scrape_samples_scraped: samples,
    scrape_samples_post_metric_relabeling: samples,
    scrape_series_added: added,
  };
  for (const [name, value] of Object.entries(automatic)) {
    const labels = new Map([...target.labels, ['__name__', name] as const].sort(([a], [b]) => (a < b ? -1 : 1)));
    series.push({ labels, samples: [{ timestamp: at, value }] });
  }
  const body = encodeWriteRequest(series, batch?.metadata);
  return {
    record: { kind: 'remote-write', format: 'protobuf', receivedAt: at, body },
    seen,
    exemplars,
    metadata: batch?.metadata,
    error,
  };
}
