/**
 * The JSON of Nightshift's own HTTP API, as the browser application and the command read it. Times are Unix
 * milliseconds unless the name says otherwise. Routes (all under /api/v1/, session cookie or bearer token):
 *
 *   POST /api/v1/login {name, password} → Me, sets the cookie `nightshift_session`      POST /api/v1/logout → 204
 *   GET  /api/v1/me → Me                 POST /api/v1/password {current, next} → 204
 *   GET  /api/v1/services?start&end → {services: ServiceSummary[]}
 *   GET  /api/v1/releases?service → {releases: Release[]}     POST /api/v1/releases ReleaseRequest → 202 Release
 *   GET  /api/v1/releases/:id → Release                       POST /api/v1/releases/rollback {service, reason} → Release
 *   GET  /api/v1/incidents → {incidents: IncidentSummary[]}   GET  /api/v1/incidents/:id → Incident
 *   POST /api/v1/incidents/:id/state {state} → Incident       GET  /api/v1/incidents/:id/report?format=md|html → text
 *   GET  /api/v1/logs?start&end&service&severity&q&attr=k=v&trace&limit&order → {logs: LogEntry[]}
 *   GET  /api/v1/traces/:id → {spans: SpanEntry[]}
 *   GET  /api/v1/tokens → {tokens: TokenInfo[]}  POST /api/v1/tokens {name, rights} → TokenInfo & {token}
 *   POST /api/v1/tokens/:id/rotate {graceSeconds} → TokenInfo & {token}   DELETE /api/v1/tokens/:id → 204
 *   GET  /api/v1/status → Status
 *   GET  /api/v1/cardinality?match[]&limit → CardinalityReport
 *   Prometheus: GET|POST /api/v1/query, /query_range, /series, /labels, GET /label/:name/values, /metadata, /rules, /alerts
 *   POST /api/v1/read (remote read)   GET|POST /api/v1/query_exemplars   GET /federate
 *   POST|PUT /api/v1/admin/tsdb/delete_series, /clean_tombstones (right `admin`, switched on by http.adminApi)
 *   Ingest (right `ingest`): POST /api/v1/write, /v1/metrics, /v1/logs, /v1/traces, /api/v1/logs/json    GET /health (token)
 *   Open: GET /live, /ready (shallow), the web page and its assets.
 * An error is {error: {code, message}}; on the Prometheus routes {status: 'error', errorType, error}.
 */
import type { Exchange, VersionState } from '@nightshift/gateway/protocol';
import type { Verdict } from '@nightshift/guard';

export type Right = 'ingest' | 'read' | 'release' | 'admin';

export interface Me {
  name: string;
  rights: Right[];
  /** True until the one-time password was changed. */
  mustChangePassword: boolean;
}

export interface TokenInfo {
  id: string;
  name: string;
  rights: Right[];
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

/** Points of a graph: `t` Unix milliseconds ascending; each line has one value (null = none) for every t. */
export interface Graph {
  title: string;
  unit: 'requests/s' | 'ms' | 'ratio' | 'count';
  t: number[];
  lines: { name: string; values: (number | null)[] }[];
}

export interface ServiceSummary {
  service: string;
  environment: string;
  liveVersion: string | null;
  url: string | null;
  requestsPerSecond: number | null;
  errorRatio: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
  /** Requests per second and error ratio over the range, for a sparkline (at most 60 points). */
  spark: { t: number[]; rate: (number | null)[]; errors: (number | null)[] };
  openIncident: string | null;
}

export type ReleaseState = 'starting' | 'live' | 'good' | 'bad' | 'rolled-back' | 'failed' | 'superseded';

export interface ReleaseRequest {
  service: string;
  version: string;
  revision?: string;
  dir: string;
  command: string[];
  env?: Record<string, string>;
  healthPath?: string;
  port?: number;
  environment?: string;
  failover?: boolean;
}

export interface Release {
  id: string;
  service: string;
  environment: string;
  version: string;
  revision: string;
  driver: 'process';
  dir: string;
  command: string[];
  state: ReleaseState;
  stateReason: string;
  createdAt: number;
  createdBy: string;
  liveAt: number | null;
  endedAt: number | null;
  url: string | null;
  gateway: { state: VersionState; pid: number | null; requests: number; failures: number } | null;
  verdict: Verdict | null;
}

export type IncidentState = 'opened' | 'acknowledged' | 'mitigated' | 'resolved' | 'reviewed';

/** `tone`: bad = something failed, good = verified back, lamp = wants attention. `evidence` is an anchor in Incident.evidence. */
export interface TimelineEntry {
  at: number;
  tone: 'plain' | 'bad' | 'good' | 'lamp';
  title: string;
  detail: string;
  evidence: {
    kind: 'release' | 'exchange' | 'trace' | 'verdict' | 'replay' | 'logs' | 'diff' | 'graph';
    id: string;
    label: string;
  }[];
}

/** One line of the error excerpt: `number` counts all log lines of the window from 1; a gap means lines were left out before it. */
export interface ExcerptLine {
  number: number;
  at: number;
  severity: number;
  text: string;
  isError: boolean;
  gapBefore: { lines: number; repetitions: number } | null;
}

export interface DiffHunk {
  rank: number;
  file: string;
  header: string;
  /** 0–1; `reasons` says in words what it is made of. */
  score: number;
  reasons: string[];
  lines: { kind: 'context' | 'removed' | 'added'; text: string; oldLine: number | null; newLine: number | null }[];
}

export interface SpanEntry {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  service: string;
  version: string;
  name: string;
  kind: string;
  startUnixNano: string;
  endUnixNano: string;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string;
  attributes: Record<string, string>;
  events: { timeUnixNano: string; name: string; attributes: Record<string, string> }[];
}

export interface Impact {
  requests: number;
  failed: number;
  saved: number;
  visible: number;
  visibleIdempotent: number;
  secondsDegraded: number;
  /** Milliseconds; null while it lasts. */
  detectedMs: number | null;
  restoredMs: number | null;
  budgetSeconds: number;
  budgetUsedSeconds: number;
}

export interface IncidentSummary {
  id: string;
  title: string;
  service: string;
  environment: string;
  state: IncidentState;
  openedAt: number;
  mitigatedAt: number | null;
  impact: Impact;
  badVersion: string;
  goodVersion: string | null;
}

export interface Incident extends IncidentSummary {
  /** What happened in one sentence, and why as far as known. */
  summary: string;
  release: Release;
  goodRelease: Release | null;
  timeline: TimelineEntry[];
  evidence: {
    excerpt: { lines: ExcerptLine[]; total: number };
    exchanges: Exchange[];
    trace: SpanEntry[];
    graphs: Graph[];
    marks: { at: number; label: string; tone: 'plain' | 'bad' | 'good' | 'lamp' }[];
    hunks: DiffHunk[];
    /** Why there is no diff, '' where there is one. */
    diffNote: string;
    verdict: Verdict | null;
    error: {
      type: string;
      message: string;
      frames: { function: string; file: string; line: number; column: number | null }[];
    } | null;
  };
  candidates: { text: string; score: number; hunk: number | null }[];
}

export interface LogEntry {
  at: number;
  timeUnixNano: string;
  service: string;
  version: string;
  severity: number;
  severityText: string;
  body: string;
  traceId: string;
  spanId: string;
  attributes: Record<string, string>;
}

export interface Status {
  version: string;
  startedAt: number;
  dataDir: string;
  engine: { state: 'starting' | 'up' | 'down'; url: string; version: string; restarts: number };
  spool: { bytes: number; records: number; degraded: string };
  head: { series: number; samples: number; bytes: number };
  /** Exemplars that were not stored since the start: not usable, or too many of one series at once. */
  exemplarsDropped?: number;
  /** How long samples are kept: the last rule, with '' for a match, is for the rest; `keepMs` 0 is for ever. */
  retention?: {
    rules: { match: string; keepMs: number }[];
    /** When the next day is due; null when none ever is. */
    nextAt: number | null;
    /** What this process deleted last. Days are such as 2026-06-01. */
    last: { at: number; droppedDays: readonly string[]; clearedDays: readonly string[]; samples: number } | null;
    /** Why the last attempt failed; '' when it did not. */
    error: string;
  };
  gateway: { state: 'up' | 'down' | 'not-started'; pid: number | null };
  scrape: {
    job: string;
    target: string;
    up: boolean;
    lastError: string;
    lastAt: number | null;
    /** Samples that were scraped and not taken, and why the last ones were not. */
    refusedSamples?: number;
    lastRefusal?: string;
  }[];
}

export interface CardinalityMetric {
  name: string;
  series: number;
  /** Of them with a sample in memory. */
  live: number;
  samplesPerSecond: number;
  /** New series in each of the report's hours. */
  newSeries: number[];
  /** Its labels with several values, the most first: what multiplies the series. */
  labels: { name: string; values: number }[];
  /** Who sends most of it ('' when it does not say), and how many do. */
  service: string;
  services: number;
}

export interface CardinalityLabel {
  name: string;
  /** Different values. */
  values: number;
  /** Series that have the label. */
  series: number;
  /** The values that most series have. */
  top: { value: string; series: number }[];
}

export interface CardinalityPair {
  name: string;
  value: string;
  series: number;
}

/** By the label `service_name`, `service` or `job`, whichever comes first; '' for series without. */
export interface CardinalityService {
  service: string;
  series: number;
  samplesPerSecond: number;
  /** New in the report's hours. */
  newSeries: number;
}

/** What the chosen series are made of. Each list has the largest first, at most `limit` of them. Not older than some seconds. */
export interface CardinalityReport {
  at: number;
  series: number;
  live: number;
  /** Over the last five minutes. */
  samplesPerSecond: number;
  /** Different metric names. */
  metricNames: number;
  /** By series. */
  metrics: CardinalityMetric[];
  /** By samples per second. */
  busiest: CardinalityMetric[];
  /** By new series; those without any are not here. */
  growing: CardinalityMetric[];
  services: CardinalityService[];
  labels: CardinalityLabel[];
  pairs: CardinalityPair[];
  /** Start of each hour of the last day, the last one not over; null while the engine is down: then nothing counts as new. */
  hours: number[] | null;
  /** New series in each hour. */
  newSeries: number[];
}

export interface ApiError {
  error: { code: string; message: string };
}
