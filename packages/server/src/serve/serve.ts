import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Status } from '../api/api.ts';
import { type CollectDeps, collect, collectReported } from '../collect/collect.ts';
import { startHostMetrics } from '../collect/host/host-metrics.ts';
import type { Decoded, JournalRecord } from '../collect/record.ts';
import type { Take } from '../collect/scrape/loop.ts';
import { type Scraper, startScraper } from '../collect/scrape/scraper.ts';
import { type Sender, Senders } from '../collect/sender.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Control, openControl } from '../control/control.ts';
import { lockDataDir } from '../control/lock.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import { applyRetention, migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import type { Log } from '../http/deps.ts';
import { featuresOf } from '../query/features.ts';
import { createMetricQueries, type MetricQueries } from '../query/promql.ts';
import { type Journal, openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore, rejectedDirOf } from '../store/open.ts';
import { loadRuleFiles } from '../watch/rule-files.ts';
import { createRuleManager, type RuleManager } from '../watch/rule-manager.ts';
import { ConfiguredAge, senderSettings, unknownTokens } from './ingest-limits.ts';
import { installationOf } from './installation.ts';
import type { Launcher } from './launcher.ts';
import { type Listening, listen } from './listen.ts';
import { createLog } from './log.ts';
import { metricRetention } from './metric-retention.ts';
import { ownMetrics, startOwnMetrics } from './own-metrics.ts';
import { removePresence, writeCommandToken, writePresence } from './presence.ts';
import { type Respond, startRespond } from './respond.ts';
import { loadScrapeConfigs } from './scrape-configs.ts';
import { Teardown } from './teardown.ts';

export interface ServeOptions {
  readonly configFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly launcher: Launcher;
  /** Directory of the built web application, null for the API alone. */
  readonly webDir: string | null;
  readonly version: string;
  readonly now?: () => number;
}

export interface Server {
  readonly url: string;
  readonly otlpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly dataDir: string;
  /** The one-time password of `admin`, on the very first start only. */
  readonly firstPassword: string | null;
  /** Reads the retention of metrics, the limits of ingest, the rule files and the scrape configuration anew. Throws ConfigError, RuleFileError or ScrapeConfigError, and what runs goes on. */
  reload(): Promise<void>;
  /** Stops every part in reverse order, each bounded in time. Idempotent. The gateway goes on. */
  close(): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly dataDir: string;
  readonly control: Control;
  readonly engine: Engine;
  readonly journal: Journal;
  readonly store: NightshiftStore;
  readonly queries: MetricQueries;
  readonly rules: RuleManager;
  readonly scraper: Scraper;
  readonly respond: Respond;
  readonly startedAt: number;
  readonly options: ServeOptions;
  readonly log: Log;
  readonly now: () => number;
}

/** Starts the parts from left to right along the way of the data. What was started is stopped again when one fails. */
export async function startServer(options: ServeOptions): Promise<Server> {
  const now = options.now ?? Date.now;
  const loaded = load(options);
  const log = createLog(loaded.config.log.level, now);
  const teardown = new Teardown();
  try {
    return await startParts(loaded, options, now, log, teardown);
  } catch (error) {
    await teardown.run(log);
    throw error;
  }
}

const load = ({ configFile: file, env, cwd = process.cwd() }: ServeOptions): LoadedConfig =>
  loadConfig({ file, env, cwd });

async function startParts(
  loaded: LoadedConfig,
  options: ServeOptions,
  now: () => number,
  log: Log,
  teardown: Teardown,
): Promise<Server> {
  const startedAt = now();
  const { config } = loaded;
  const dataDir = resolve(options.cwd ?? process.cwd(), config.dataDir);
  // Read before anything is started: a mistake in them stops the start.
  const loadGroups = () => loadRuleFiles(config.rules.files, config.rules.interval, featuresOf(config.query.features));
  const groups = loadGroups();
  const loadScrapes = () => loadScrapeConfigs(config, (message) => log.info({}, message));
  const scrapeConfigs = loadScrapes();
  const lock = lockDataDir(dataDir);
  teardown.add('lock', () => lock.release());
  const control = openControl(dataDir, { now });
  teardown.add('control', () => control.close());
  const engine = await openEngine(config, dataDir, options.launcher, log, teardown);
  const { journal, store } = await openStation(config, dataDir, engine, now, log, teardown);

  const { timeout: timeoutMs, lookback: lookbackMs, ...limits } = config.query;
  const queries = createMetricQueries(store.metrics, { timeoutMs, lookbackMs, ...limits });
  // With slots and memory of their own: alerts do not wait behind dashboards.
  const ruleQueries = createMetricQueries(store.metrics, { timeoutMs, lookbackMs, ...limits });
  const age = new ConfiguredAge(config);
  const senders = new Senders(senderSettings(config));
  tellUnknownTokens(config, control, log);
  const depsOf = (sender: Sender): CollectDeps => {
    const { maxDecompressedBytes } = config.http;
    return { sink: store, now, age, sender, maxDecompressedBytes };
  };
  const takeAs = (via: 'rules' | 'host' | 'self') => (record: JournalRecord, decoded?: Decoded) =>
    collect(depsOf(senders.part(via)), record, decoded);
  const rules = createRuleManager(groups, { queries: ruleQueries, take: takeAs('rules'), now, log });
  const takeScraped: Take = async (record, decoded, _target, refuse) => {
    const report = await collectReported(depsOf(senders.part('scrape')), record, decoded);
    if (report?.refused) refuse(report.refused);
  };
  const scraper = startScraper(scrapeConfigs, takeScraped, now, { warn: (message) => log.warn({}, message) });
  teardown.add('scraper', () => scraper.close());
  startHost(config, takeAs('host'), now, log, teardown);
  rules.start();
  teardown.add('rules', () => rules.close());
  const respond = startRespond({ config, dataDir, control, store, launcher: options.launcher, now, log });
  teardown.add('respond', () => respond.stop());

  const measured = { senders, engine, journal, store, scraper, startedAt, version: options.version };
  const families = () => ownMetrics({ ...measured, maxSeries: config.head.maxSeries });
  const { enabled: isMeasured, interval: intervalMs } = config.selfMetrics;
  if (isMeasured) {
    const own = startOwnMetrics(
      { intervalMs, now, warn: (message) => log.warn({}, message) },
      families,
      takeAs('self'),
    );
    teardown.add('own metrics', () => own.close());
  }

  const parts = {
    config,
    dataDir,
    control,
    engine,
    journal,
    store,
    queries,
    rules,
    scraper,
    respond,
    startedAt,
    options,
    log,
    now,
  };
  const reload = async () => {
    let scrapes = scrapeConfigs;
    let changed = config;
    // All are read before any of them changes anything.
    await rules.reload(() => {
      changed = load(options).config;
      scrapes = loadScrapes();
      return loadGroups();
    });
    scraper.reload(scrapes);
    age.change(changed);
    senders.change(senderSettings(changed));
    tellUnknownTokens(changed, control, log);
    await store.retention.change(metricRetention(changed.retention));
  };
  const listening = await listen({
    ...parts,
    webDir: options.webDir,
    installation: installationOf(loaded, { version: options.version, startedAt, dataDir }),
    status: () => statusOf(parts, listening?.url ?? ''),
    reload,
    senders,
    age,
    ownMetrics: families,
  });
  teardown.add('http', () => listening.close());
  writeCommandToken(dataDir, control);
  const { url, otlpUrl, otlpGrpcUrl }: Listening = listening;
  writePresence(dataDir, { pid: process.pid, url, otlpUrl, otlpGrpcUrl, startedAt });
  teardown.add('presence', () => removePresence(dataDir));
  return {
    url,
    otlpUrl,
    otlpGrpcUrl,
    dataDir,
    firstPassword: control.firstPassword,
    reload,
    close: () => teardown.run(log),
  };
}

/** Bounds for a name that no token has would hold nobody back. */
function tellUnknownTokens(config: Config, control: Control, log: Log): void {
  const unknown = unknownTokens(
    config,
    control.tokens.list().map(({ name }) => name),
  );
  if (unknown.length > 0) log.warn({ tokens: unknown }, 'ingest.tokens names tokens that there are not (yet)');
}

function startHost(
  { hostMetrics }: Config,
  take: (record: JournalRecord) => Promise<void>,
  now: () => number,
  log: Log,
  teardown: Teardown,
): void {
  const { enabled, interval: intervalMs, labels, procPath: proc, sysPath: sys, rootPath: root } = hostMetrics;
  if (!enabled) return;
  const warn = (message: string) => log.warn({}, message);
  const metrics = startHostMetrics({ intervalMs, labels, paths: { proc, sys, root }, now, warn }, take);
  teardown.add('host metrics', () => metrics.close());
}

async function openEngine(
  config: Config,
  dataDir: string,
  launcher: Launcher,
  log: Log,
  teardown: Teardown,
): Promise<Engine> {
  const { command, args } = launcher('engine-child');
  const engine = await startEngine({
    dir: join(dataDir, 'engine'),
    // The child's own heap holds next to nothing; ClickHouse's memory is its own.
    launcher: { command, args: ['--max-old-space-size=32', ...args] },
    memoryBytes: config.engine.memoryBytes,
    url: config.engine.url,
    user: config.engine.user,
    password: config.engine.password,
    log,
  });
  teardown.add('engine', () => engine.close(), 6_000);
  await migrate(engine, migrations);
  await applyRetention(engine, config.retention);
  return engine;
}

async function openStation(
  config: Config,
  dataDir: string,
  engine: Engine,
  now: () => number,
  log: Log,
  teardown: Teardown,
): Promise<{ journal: Journal; store: NightshiftStore }> {
  const dir = join(dataDir, 'spool');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const journal = await openJournal({ dir, maxPendingBytes: config.spool.maxPendingBytes });
  teardown.add('journal', () => journal.close());
  const store = await openStore({
    engine,
    journal,
    head: { maxBytes: config.head.bytes, windowMs: config.head.window },
    maxSeries: config.head.maxSeries,
    rejectedDir: rejectedDirOf(dataDir),
    // Beside the bundle that this becomes a part of.
    blocksThread: new URL('./sample-blocks-thread.js', import.meta.url),
    retention: metricRetention(config.retention),
    now,
    log,
  });
  teardown.add('store', () => store.close());
  return { journal, store };
}

async function statusOf(parts: Parts, _url: string): Promise<Status> {
  const { engine, journal, store, scraper, respond, dataDir, startedAt, options } = parts;
  const gateway = await respond.gateway.status().catch(() => null);
  const spool = journal.stats();
  const { exemplarsDropped, series, samples, bytes } = store.stats();
  return {
    version: options.version,
    startedAt,
    dataDir,
    engine: { state: engine.state, url: engine.url, version: engine.version, restarts: engine.restarts },
    spool: { bytes: spool.bytes, records: spool.records, degraded: spool.degraded ?? '' },
    head: { series, samples, bytes },
    exemplarsDropped,
    retention: { ...store.retention.status(), rules: [...store.retention.status().rules] },
    gateway: gateway ? { state: 'up', pid: gateway.pid } : { state: 'not-started', pid: null },
    scrape: [...scraper.status()],
  };
}
