import type { KindSnapshot, Notable, OperationBuffer } from '../buffer/buffer.ts';
import type { Started } from '../core/start.ts';
import type { Durations } from './durations.ts';
import { type History, POINT_MS, type Points, type RouteRow } from './history.ts';
import { namesWith, valuesOf } from './registry-values.ts';

/** How the push of one signal goes; export/exporter.ts gives it. */
export interface ExportStatus {
  readonly signal: string;
  readonly sent: number;
  readonly waiting: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Unix milliseconds, 0 for never. */
  readonly lastTaken: number;
  /** '' while all is well. */
  readonly problem: string;
}

export interface PoolRow {
  readonly name: string;
  /** Connections by state: used, idle; null where the driver does not say. */
  readonly used: number | null;
  readonly idle: number | null;
  /** Of the application, for a connection. */
  readonly waiting: number | null;
}

export interface KindRow extends Omit<KindSnapshot, 'notable'> {
  /** Kept of each minute whatever the rate. */
  readonly minimum: number;
}

export interface NotableRow extends Notable {
  readonly kind: string;
}

export interface FallbackRow {
  readonly name: string;
  readonly state: string;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** All that the page shows; times are Unix milliseconds, durations seconds. */
export interface DashboardData {
  readonly now: number;
  readonly minutes: number;
  readonly pointMs: number;
  readonly service: string;
  readonly version: string;
  readonly process: { readonly pid: number; readonly node: string; readonly uptime: number };
  readonly enabled: boolean;
  readonly complaints: readonly string[];
  readonly points: Points;
  /** null where no HTTP is watched. */
  readonly http: {
    readonly all: Durations;
    readonly routes: readonly RouteRow[];
    /** Seconds that these counts are of. */
    readonly seconds: number;
    readonly inFlight: number | null;
  } | null;
  readonly kinds: readonly KindRow[];
  readonly slowFrom: number;
  readonly bufferSize: number;
  /** Those with an adaptive rate have a target, operations a second. */
  readonly samplingTarget: number;
  readonly notable: readonly NotableRow[];
  readonly pools: readonly PoolRow[];
  readonly fallbacks: readonly FallbackRow[];
  /** null where nothing is pushed. */
  readonly exports: readonly ExportStatus[] | null;
  readonly errors: readonly { readonly place: string; readonly count: number }[];
  readonly settings: readonly { readonly name: string; readonly value: string; readonly from: string }[];
}

const MOST_ROWS = 100;

export type ExportState = () => readonly ExportStatus[] | undefined;

export async function snapshotOf(
  started: Started,
  resource: Readonly<Record<string, unknown>>,
  history: History,
  minutes: number,
  exports: ExportState | undefined,
  kinds: () => readonly KindSnapshot[],
): Promise<DashboardData> {
  const { settings, guard, meters } = started;
  const rows = kinds();
  const http = history.routesOf(minutes);
  const [inFlight] = await valuesOf(meters.registry, 'http_requests_in_flight');
  return {
    now: Date.now(),
    minutes,
    pointMs: POINT_MS,
    service: String(resource['service.name']),
    version: String(resource['service.version'] ?? ''),
    process: { pid: process.pid, node: process.version, uptime: process.uptime() },
    enabled: settings.enabled,
    complaints: started.complaints,
    points: history.points(minutes),
    http: http
      ? {
          all: http.all,
          routes: http.routes.slice(0, MOST_ROWS),
          seconds: history.spanOf(minutes) / 1000,
          inFlight: inFlight?.value ?? null,
        }
      : null,
    kinds: rows.map(({ notable, ...row }) => ({
      ...row,
      byName: row.byName.slice(0, MOST_ROWS),
      minimum: settings.samplingMinimum,
    })),
    slowFrom: settings.slowQueryThreshold,
    bufferSize: settings.bufferSize,
    samplingTarget: settings.samplingTarget,
    notable: notableOf(rows),
    pools: await poolsOf(started),
    fallbacks: await fallbacksOf(started),
    exports: exports?.() ?? null,
    errors: [...guard.counts()].map(([place, count]) => ({ place, count })),
    settings: started.shown.map(({ name, value, from }) => ({ name, value: asText(value), from })),
  };
}

/** The failed and the slow of all kinds, the slowest first: of too many the slowest and the newest are shown. */
function notableOf(kinds: readonly KindSnapshot[]): NotableRow[] {
  const all = kinds.flatMap(({ kind, notable }) => notable.map((one) => ({ ...one, kind })));
  const slowest = all.toSorted((a, b) => b.seconds - a.seconds).slice(0, MOST_ROWS / 2);
  const newest = all.toSorted((a, b) => b.time - a.time).slice(0, MOST_ROWS / 2);
  return [...new Set([...slowest, ...newest])].sort((a, b) => b.seconds - a.seconds);
}

async function poolsOf({ meters: { registry } }: Started): Promise<PoolRow[]> {
  const pools = new Map<string, Record<string, number>>();
  for (const metric of namesWith(registry, 'db_client_connections_')) {
    if (!/_(usage|pending_requests)$/.test(metric)) continue;
    for (const { labels, value } of await valuesOf(registry, metric)) {
      const name = labels.pool ?? labels.pool_name ?? '';
      const pool = pools.get(name) ?? {};
      pool[labels.state ?? 'waiting'] = value;
      pools.set(name, pool);
    }
  }
  return [...pools].map(([name, by]) => ({
    name,
    used: by.used ?? by.in_use ?? null,
    idle: by.idle ?? null,
    waiting: by.waiting ?? by.pending ?? null,
  }));
}

async function fallbacksOf({ meters: { registry } }: Started): Promise<FallbackRow[]> {
  const outcomes = await valuesOf(registry, 'operation_fallback_total');
  const states = await valuesOf(registry, 'operation_fallback_breaker');
  const inState = states.filter(({ value, labels }) => value === 1 && labels.name !== undefined);
  return inState.map(({ labels: { name = '', state = '' } }) => ({
    name,
    state,
    outcomes: Object.fromEntries(
      outcomes.filter(({ labels }) => labels.name === name).map(({ labels, value }) => [labels.outcome ?? '', value]),
    ),
  }));
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));

/** At most one reading of the whole buffer a second, however many look at the page: it sorts all that is kept. */
export function cachedKinds(buffer: OperationBuffer, now: () => number = Date.now): OperationBuffer['kinds'] {
  let last: { readonly kinds: readonly KindSnapshot[]; readonly at: number } | undefined;
  return () => {
    if (!last || now() - last.at >= 1000) last = { kinds: buffer.kinds(), at: now() };
    return last.kinds;
  };
}
