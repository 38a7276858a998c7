import { readFileSync } from 'node:fs';
import type { Destination } from '../forward/destination.ts';
import type { AgentState } from './state.ts';

type Type = 'counter' | 'gauge';
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Family {
  readonly name: string;
  readonly type: Type;
  readonly help: string;
  readonly read: (state: AgentState) => Iterable<Sample>;
}

const family = (name: string, type: Type, help: string, read: Family['read']): Family => ({ name, type, help, read });

const one =
  (read: (state: AgentState) => number): Family['read'] =>
  (state) => [[{}, read(state)]];

/** A family with one sample for each destination. */
const each = (name: string, type: Type, help: string, read: (destination: Destination) => number): Family =>
  family(`nightshift_agent_${name}`, type, help, ({ destinations }) =>
    destinations.list().map((destination) => [{ destination: destination.config.name }, read(destination)] as const),
  );

function* lostSamples({ destinations }: AgentState): Generator<Sample> {
  for (const { config, counts } of destinations.list()) {
    for (const [reason, samples] of counts.samplesLost) yield [{ destination: config.name, reason }, samples];
  }
}

function* retries({ destinations }: AgentState): Generator<Sample> {
  for (const { config, counts } of destinations.list()) {
    for (const [reason, requests] of counts.retries) yield [{ destination: config.name, reason }, requests];
  }
}

function* messages({ destinations }: AgentState): Generator<Sample> {
  for (const { config, message } of destinations.list()) yield [{ destination: config.name, message }, 1];
}

function* targetsByHealth({ scraper }: AgentState): Generator<Sample> {
  const targets = scraper.targets();
  for (const health of ['up', 'down', 'unknown']) {
    yield [{ health }, targets.filter((target) => target.health === health).length];
  }
}

/** Bytes of anonymous memory, resident; NaN where there is no /proc. */
function anonymousBytes(): number {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return Number(kib) * 1024;
  } catch {
    return Number.NaN;
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Every metric of the agent, for its page and for the reference. */
export const families: readonly Family[] = [
  family('nightshift_agent_info', 'gauge', 'Always 1; the version stands in the label.', ({ version }) => [
    [{ version }, 1],
  ]),
  family('nightshift_agent_targets', 'gauge', 'Targets by their health.', targetsByHealth),
  family(
    'nightshift_agent_scrapes_total',
    'counter',
    'Scrapes that ended, whether well or not.',
    one(({ scraped }) => scraped.results),
  ),
  family(
    'nightshift_agent_scraped_samples_total',
    'counter',
    'Samples of all scrapes, stale markers and automatic series among them.',
    one(({ scraped }) => scraped.samples),
  ),
  each('spool_bytes', 'gauge', 'Bytes of files in the spool.', ({ spool }) => spool.stats().bytes),
  each('spool_pending_bytes', 'gauge', 'Bytes in the spool that are not delivered.', ({ spool }) => spool.pendingBytes),
  each('spool_records', 'gauge', 'Records in the spool that are not delivered.', ({ spool }) => spool.stats().records),
  each(
    'spool_dropped_records_total',
    'counter',
    'Records that were dropped because the spool was full, the oldest first.',
    ({ counts }) => counts.droppedRecords,
  ),
  each(
    'spool_dropped_bytes_total',
    'counter',
    'Bytes that were dropped because the spool was full.',
    ({ counts }) => counts.droppedBytes,
  ),
  each(
    'spool_quarantined_files',
    'gauge',
    'Files of the spool that were set aside because they are damaged.',
    ({ spool }) => spool.stats().quarantinedFiles,
  ),
  each(
    'spool_failures_total',
    'counter',
    'Scrapes that could not be written to the spool.',
    ({ counts }) => counts.spoolFailures,
  ),
  each('requests_total', 'counter', 'Requests sent, repeats among them.', ({ counts }) => counts.requests),
  family(
    'nightshift_agent_retries_total',
    'counter',
    'Requests that failed and are repeated, by status or `no answer`.',
    retries,
  ),
  each('samples_sent_total', 'counter', 'Samples that the destination took.', ({ counts }) => counts.samplesSent),
  each('sent_bytes_total', 'counter', 'Bytes of requests that were taken.', ({ counts }) => counts.bytesSent),
  family(
    'nightshift_agent_samples_lost_total',
    'counter',
    'Samples that the destination refused, by status and, where it names one, the reason, that were too old to be sent, or that remote write 1.0 has no place for. `repeated`: they may have arrived before.',
    lostSamples,
  ),
  each(
    'newest_sent_timestamp_seconds',
    'gauge',
    'Time of the newest scrape that was delivered; 0 for none.',
    ({ counts }) => counts.newestSent / 1000,
  ),
  each(
    'failing_since_timestamp_seconds',
    'gauge',
    'Since when the destination takes nothing; 0 while it does.',
    ({ failure }) => (failure?.since ?? 0) / 1000,
  ),
  each(
    'denied',
    'gauge',
    '1 while the destination denies access: its address or credentials are not right, and nothing is delivered until somebody corrects them.',
    ({ failure }) => (failure?.isDenied ? 1 : 0),
  ),
  family(
    'nightshift_agent_protobuf_message_info',
    'gauge',
    'Always 1; the label says what is sent: remote write 1.0 (`prometheus.WriteRequest`) or 2.0.',
    messages,
  ),
  family(
    'nightshift_agent_config_last_reload_successful',
    'gauge',
    'Whether the configuration could be read the last time.',
    one(({ reloaded }) => (reloaded.ok ? 1 : 0)),
  ),
  family(
    'nightshift_agent_config_last_reload_success_timestamp_seconds',
    'gauge',
    'When the configuration was read the last time.',
    one(({ reloaded }) => reloaded.at / 1000),
  ),
  family('process_cpu_seconds_total', 'counter', 'Processor time of the process.', one(cpuSeconds)),
  family(
    'process_resident_memory_bytes',
    'gauge',
    'Memory of the process that is resident.',
    one(() => process.memoryUsage.rss()),
  ),
  family('process_resident_memory_anon_bytes', 'gauge', 'Of that, what belongs to no file.', one(anonymousBytes)),
  family(
    'process_start_time_seconds',
    'gauge',
    'When the process began.',
    one(({ startedAt }) => startedAt / 1000),
  ),
];

const escaped = (text: string): string => text.replace(/[\\"\n]/g, (code) => (code === '\n' ? '\\n' : `\\${code}`));

/** Prometheus' text exposition format 0.0.4. */
export function metricsPage(state: AgentState): string {
  let page = '';
  for (const { name, type, help, read } of families) {
    page += `# HELP ${name} ${help.replaceAll('\\', '\\\\')}\n# TYPE ${name} ${type}\n`;
    for (const [labels, value] of read(state)) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      page += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
    }
  }
  return page;
}
