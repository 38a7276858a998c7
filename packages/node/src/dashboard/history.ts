import type { OperationBuffer } from '../buffer/buffer.ts';
import { CountRing } from './count-ring.ts';
import { type Durations, durationsOf } from './durations.ts';
import type { HttpCounts } from './http-counts.ts';
import type { RuntimeReading } from './runtime.ts';

export const POINT_MS = 5000;
/** Of 5 seconds each: half an hour. */
const POINTS = 360;
/** Points in a slot of the counts by route, which would be too many otherwise. */
const POINTS_IN_SLOT = 6;
const KIND_COLUMNS = { count: 0, failed: 1 } as const;

const RUNTIME = ['delayP99', 'delayMaximum', 'utilization', 'rss', 'heapUsed'] as const;

export interface HistorySources {
  readonly http: () => HttpCounts | undefined;
  readonly totals: OperationBuffer['totals'];
  readonly runtime: () => RuntimeReading;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The points of a time, the oldest first, in columns. Seconds but for `times`, which are Unix milliseconds; null: nothing to measure. */
export interface Points {
  readonly times: readonly number[];
  readonly requestRate: readonly number[];
  readonly failureRate: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  /** Milliseconds. */
  readonly delayP99: readonly number[];
  readonly delayMaximum: readonly number[];
  readonly utilization: readonly number[];
  /** Bytes. */
  readonly rss: readonly number[];
  readonly heapUsed: readonly number[];
  /** Operations a second by kind. */
  readonly kinds: Readonly<Record<string, readonly number[]>>;
}

export interface RouteRow extends Durations {
  readonly name: string;
}

/** What happened in the last half hour, a point each 5 seconds, in typed arrays that never grow with the traffic. */
export class History {
  private tickNumber = 0;
  private readonly times = new Float64Array(POINTS);
  /** Milliseconds that each point stands for. */
  private readonly spans = new Float64Array(POINTS);
  private readonly runtime = new Map(RUNTIME.map((name) => [name, new Float64Array(POINTS)]));
  private requests: CountRing | undefined;
  private bounds: readonly number[] = [];
  private readonly routes = new Map<string, { readonly ring: CountRing; readonly before: Float64Array }>();
  private readonly kinds = new Map<string, { readonly ring: CountRing; count: number; failed: number }>();
  private lastTime: number;

  constructor(private readonly sources: HistorySources) {
    this.lastTime = sources.now();
    sources.runtime();
    this.takeRequests(-1);
    this.takeKinds(-1);
  }

  /** Adds the point of what happened since the last one. */
  tick(): void {
    const now = this.sources.now();
    const place = this.tickNumber % POINTS;
    this.times[place] = now;
    this.spans[place] = Math.max(1, now - this.lastTime);
    this.lastTime = now;
    const reading = this.sources.runtime();
    for (const name of RUNTIME) this.runtime.get(name)![place] = reading[name];
    this.takeRequests(this.tickNumber);
    this.takeKinds(this.tickNumber);
    this.tickNumber++;
  }

  /** Of a number below 0 there is no point: what was before the history is no part of it. */
  private takeRequests(tick: number): void {
    const counts = this.sources.http();
    if (!counts) return;
    const width = counts.bounds.length + 2;
    this.bounds = counts.bounds;
    this.requests ??= new CountRing(POINTS, width);
    for (const [name, now] of counts.routes) {
      const route = entry(this.routes, name, () => ({
        ring: new CountRing(POINTS / POINTS_IN_SLOT, width),
        before: new Float64Array(width),
      }));
      if (tick >= 0) {
        const rows = [this.requests.row(tick), route.ring.row(Math.floor(tick / POINTS_IN_SLOT))];
        for (let column = 0; column < width; column++) {
          const more = Math.max(0, now[column]! - route.before[column]!);
          for (const row of rows) row[column]! += more;
        }
      }
      route.before.set(now);
    }
  }

  private takeKinds(tick: number): void {
    for (const { kind, total } of this.sources.totals()) {
      const known = entry(this.kinds, kind, () => ({ ring: new CountRing(POINTS, 2), count: 0, failed: 0 }));
      if (tick >= 0) {
        const row = known.ring.row(tick);
        row[KIND_COLUMNS.count]! += total.count - known.count;
        row[KIND_COLUMNS.failed]! += total.failed - known.failed;
      }
      known.count = total.count;
      known.failed = total.failed;
    }
  }

  /** The first point of the last so many minutes, on the border of a slot so that routes and points are of the same time. */
  private firstOf(minutes: number): number {
    const wanted = this.tickNumber - (minutes * 60_000) / POINT_MS;
    const kept = Math.max(0, wanted, this.tickNumber - POINTS + POINTS_IN_SLOT);
    return Math.floor(kept / POINTS_IN_SLOT) * POINTS_IN_SLOT;
  }

  points(minutes: number): Points {
    const ticks = this.ticks(this.firstOf(minutes));
    const perSecond = (tick: number, count: number) => round((count * 1000) / this.spans[tick % POINTS]!);
    const durations = ticks.map((tick) => durationsOf(this.requests?.row(tick) ?? [0, 0], this.bounds));
    const runtime = (name: (typeof RUNTIME)[number]) =>
      ticks.map((tick) => round(this.runtime.get(name)![tick % POINTS]!));
    const kinds = [...this.kinds].map(
      ([kind, { ring }]) => [kind, ticks.map((tick) => perSecond(tick, ring.row(tick)[KIND_COLUMNS.count]!))] as const,
    );
    return {
      times: ticks.map((tick) => this.times[tick % POINTS]!),
      requestRate: ticks.map((tick, at) => perSecond(tick, durations[at]!.count)),
      failureRate: ticks.map((tick, at) => perSecond(tick, durations[at]!.failed)),
      p50: durations.map(({ p50 }) => round(p50)),
      p95: durations.map(({ p95 }) => round(p95)),
      p99: durations.map(({ p99 }) => round(p99)),
      delayP99: runtime('delayP99'),
      delayMaximum: runtime('delayMaximum'),
      utilization: runtime('utilization'),
      rss: runtime('rss'),
      heapUsed: runtime('heapUsed'),
      kinds: Object.fromEntries(kinds),
    };
  }

  private ticks(from: number): number[] {
    return Array.from({ length: this.tickNumber - from }, (_, at) => from + at);
  }

  /** Milliseconds that the points of the last so many minutes stand for. */
  spanOf(minutes: number): number {
    return this.ticks(this.firstOf(minutes)).reduce((sum, tick) => sum + this.spans[tick % POINTS]!, 0);
  }

  /** Those with most requests first; without any in this time none. Undefined where no HTTP is watched. */
  routesOf(minutes: number): { readonly all: Durations; readonly routes: readonly RouteRow[] } | undefined {
    if (!this.requests) return undefined;
    const from = this.firstOf(minutes);
    const routes = [...this.routes].map(([name, { ring }]) => ({
      name,
      ...durationsOf(ring.sum(from / POINTS_IN_SLOT), this.bounds),
    }));
    return {
      all: durationsOf(this.requests.sum(from), this.bounds),
      routes: routes.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count),
    };
  }
}

/** To six digits: what is drawn needs no more, and the answer is half as long. */
function round(value: number): number;
function round(value: number | null): number | null;
function round(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
