import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Labels } from '@nightshift/wire';
import { hostBatch } from '../collect/host/batch.ts';
import { counter, Families, type Family, gauge, type MetricKind } from '../collect/host/family.ts';
import type { JournalRecord } from '../collect/record.ts';
import type { SampleRefusal } from '../collect/refusal.ts';
import type { Scraper } from '../collect/scrape/scraper.ts';
import type { RequestRefusal, Senders } from '../collect/sender.ts';
import type { Engine } from '../engine/engine.ts';
import type { Journal } from '../spool/journal.ts';
import type { NightshiftStore } from '../store/open.ts';

export interface Measured {
  readonly version: string;
  readonly senders: Senders;
  readonly engine: Pick<Engine, 'state' | 'restarts'>;
  readonly journal: Pick<Journal, 'stats' | 'pendingBytes'>;
  readonly store: Pick<NightshiftStore, 'stats'>;
  readonly scraper: Pick<Scraper, 'targets'>;
  readonly maxSeries: number;
  readonly startedAt: number;
}

/** Every metric of Nightshift itself; the guide on limits lists those of ingest. */
const kinds = {
  build: gauge('nightshift_build_info', 'Always 1; the version stands in the label.'),
  samples: counter('nightshift_ingest_samples_total', 'Samples that were taken, by the name of the token.'),
  logRecords: counter('nightshift_ingest_log_records_total', 'Log records that were taken.'),
  spans: counter('nightshift_ingest_spans_total', 'Spans that were taken.'),
  refusedSamples: counter(
    'nightshift_ingest_refused_samples_total',
    'Samples that were decoded and refused; the rest of their request may have been taken.',
  ),
  refusedRequests: counter('nightshift_ingest_refused_requests_total', 'Requests of which nothing was taken.'),
  series: gauge('nightshift_head_series', 'Series that are known.'),
  maxSeries: gauge('nightshift_head_max_series', 'Series that may be known (head.maxSeries).'),
  headSamples: gauge('nightshift_head_samples', 'Samples in memory.'),
  headBytes: gauge('nightshift_head_bytes', 'Memory of the newest samples.'),
  exemplarsDropped: counter('nightshift_exemplars_dropped_total', 'Exemplars that were not stored.'),
  rejectedRecords: counter(
    'nightshift_rejected_records_total',
    'Records that were acknowledged and then set aside, because they cannot be decoded or the engine refuses them.',
  ),
  rejectedDropped: counter(
    'nightshift_rejected_records_dropped_total',
    'Records that were set aside and then deleted, because there were too many of them.',
  ),
  failingDeletions: gauge(
    'nightshift_failing_deletions',
    'Deletions that the engine fails to carry out and tries again, of series and of retention.',
  ),
  spoolBytes: gauge('nightshift_spool_bytes', 'Bytes of files in the spool.'),
  spoolPending: gauge('nightshift_spool_pending_bytes', 'Bytes that wait for the engine.'),
  spoolRecords: gauge('nightshift_spool_records', 'Records that wait for the engine.'),
  engineUp: gauge('nightshift_engine_up', 'Whether the storage engine answers.'),
  engineRestarts: counter('nightshift_engine_restarts_total', 'How often the embedded engine was started again.'),
  targets: gauge('nightshift_scrape_targets', 'Targets that are scraped, by their health.'),
  cpu: counter('process_cpu_seconds_total', 'Processor time of the server, without the engine.'),
  resident: gauge('process_resident_memory_bytes', 'Memory of the server that is resident, without the engine.'),
  anonymous: gauge('process_resident_memory_anon_bytes', 'Of that, what belongs to no file.'),
  started: gauge('process_start_time_seconds', 'When the server began.'),
} satisfies Record<string, MetricKind>;

const sampleReasons: readonly SampleRefusal[] = [
  'too_old',
  'out_of_order',
  'too_far_ahead',
  'label_limit',
  'series_limit',
  'head_series_limit',
];

const requestReasons: readonly RequestRefusal[] = [
  'rate',
  'concurrency',
  'body_too_large',
  'invalid',
  'unsupported',
  'overloaded',
  'unavailable',
];

/** Bytes; undefined where there is no /proc. */
function anonymousBytes(): number | undefined {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** Each reason is there from the beginning, so that the first refusal is a change. */
function addSenders(into: Families, senders: Senders): void {
  for (const { via, token, counts } of senders.list()) {
    const who = token === '' ? { via } : { via, token };
    into.add(kinds.samples, counts.samples, who);
    for (const reason of sampleReasons) {
      into.add(kinds.refusedSamples, counts.refusedSamples.get(reason) ?? 0, { reason, ...who });
    }
    if (via !== 'push') continue;
    into.add(kinds.logRecords, counts.logRecords, who);
    into.add(kinds.spans, counts.spans, who);
    for (const reason of requestReasons) {
      into.add(kinds.refusedRequests, counts.refusedRequests.get(reason) ?? 0, { reason, ...who });
    }
  }
}

/** What Nightshift measures of itself, as it is now. */
export function ownMetrics(measured: Measured): Family[] {
  const { version, senders, engine, journal, store, scraper, maxSeries, startedAt } = measured;
  const all = new Families();
  all.add(kinds.build, 1, { version });
  addSenders(all, senders);
  const head = store.stats();
  all.add(kinds.series, head.series);
  all.add(kinds.maxSeries, maxSeries);
  all.add(kinds.headSamples, head.samples);
  all.add(kinds.headBytes, head.bytes);
  all.add(kinds.exemplarsDropped, head.exemplarsDropped);
  all.add(kinds.rejectedRecords, head.rejectedRecords);
  all.add(kinds.rejectedDropped, head.droppedRejectedRecords);
  all.add(kinds.failingDeletions, head.failingDeletions);
  const spool = journal.stats();
  all.add(kinds.spoolBytes, spool.bytes);
  all.add(kinds.spoolPending, journal.pendingBytes);
  all.add(kinds.spoolRecords, spool.records);
  all.add(kinds.engineUp, engine.state === 'up' ? 1 : 0);
  all.add(kinds.engineRestarts, engine.restarts);
  const targets = scraper.targets();
  for (const health of ['up', 'down', 'unknown']) {
    all.add(kinds.targets, targets.filter((target) => target.health === health).length, { health });
  }
  const { user, system } = process.cpuUsage();
  all.add(kinds.cpu, (user + system) / 1e6);
  all.add(kinds.resident, process.memoryUsage.rss());
  all.add(kinds.anonymous, anonymousBytes());
  all.add(kinds.started, startedAt / 1000);
  return all.list();
}

export interface OwnMetricsOptions {
  readonly intervalMs: number;
  readonly now: () => number;
  warn(message: string): void;
}

/**
 * Stores what Nightshift measures of itself, as of a target that it scrapes: at once and then on an interval, with
 * `job="nightshift"`. `close` resolves when the round under way has ended.
 */
export function startOwnMetrics(
  { intervalMs, now, warn }: OwnMetricsOptions,
  families: () => readonly Family[],
  take: (record: JournalRecord) => Promise<void>,
): { close(): Promise<void> } {
  const own = { job: 'nightshift', instance: hostname() };
  let before: ReadonlyMap<string, Labels> = new Map();
  let told = '';

  async function round(): Promise<void> {
    let reason = '';
    try {
      const { record, seen } = hostBatch(families(), own, now(), before);
      await take(record);
      before = seen;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (reason !== '' && reason !== told) warn(`Nightshift's own metrics could not be stored: ${reason}`);
    told = reason;
  }

  let running = round();
  const timer = setInterval(() => {
    running = running.then(round);
  }, intervalMs);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
