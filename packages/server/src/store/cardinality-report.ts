/** What the series are, how many samples they bring and how many are new: for a person who has too many of them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compileMatchers, type Matcher } from '@nightshift/promql';
import type { CardinalityReport } from '../api/api.ts';
import type { Engine } from '../engine/engine.ts';
import { CardinalityCount } from './cardinality-count.ts';
import type { Head } from './head.ts';
import { RowBinaryReader } from './row-binary.ts';
import type { SeriesIndex } from './series-index.ts';

export interface CardinalityRequest {
  /** Series that any of them chooses; none means all. */
  readonly selectors: readonly (readonly Matcher[])[];
  /** Entries of each list. */
  readonly limit: number;
}

export interface CardinalityParts {
  readonly engine: Engine;
  readonly index: SeriesIndex;
  readonly head: Head;
  readonly now: () => number;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Samples per second are counted over this time. */
const PACE_MS = 300_000;
/** Milliseconds after which others have their turn. */
const SLICE_MS = 8;
/** An answer is given again for so long. */
const KEPT_MS = 10_000;
const MOST_KEPT = 16;

/** Awaits a turn of the event loop when the last one was long ago. */
function pacer(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await nextTurn();
    since = performance.now();
  };
}

export class CardinalityReporter {
  private readonly kept = new Map<string, { readonly at: number; readonly report: Promise<CardinalityReport> }>();
  /** One is made at a time. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: CardinalityParts) {}

  /** The same answer for some seconds. @throws RegexpSyntaxError for a pattern that is not RE2. */
  async report(request: CardinalityRequest): Promise<CardinalityReport> {
    const key = JSON.stringify(request);
    const now = this.parts.now();
    const known = this.kept.get(key);
    if (known && now - known.at < KEPT_MS) return known.report;
    const accepts = request.selectors.map((matchers) => compileMatchers(matchers));
    const report = this.last.then(() => this.make(accepts, request.limit));
    this.last = report.catch(() => {});
    this.kept.delete(key);
    this.kept.set(key, { at: now, report });
    report.catch(() => this.kept.delete(key));
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value!);
    return report;
  }

  private async make(
    accepts: readonly ReturnType<typeof compileMatchers>[],
    limit: number,
  ): Promise<CardinalityReport> {
    const { index, head, now } = this.parts;
    const at = now();
    const turn = pacer();
    // Whole hours, the last one not over yet.
    const from = (Math.floor(at / HOUR_MS) - HOURS + 1) * HOUR_MS;
    const firstHours = await this.firstHours(from, turn);
    const count = new CardinalityCount(HOURS);
    // Series that become known meanwhile are of the next report.
    const { size } = index;
    for (let number = 0; number < size; number++) {
      if (number % 64 === 63) await turn();
      const { labels } = index.at(number);
      if (accepts.length > 0 && !accepts.some((accept) => accept(labels))) continue;
      const floats = head.read(number, at - PACE_MS, at).timestamps.length;
      const length = floats + head.histograms.count(number, at - PACE_MS, at);
      count.add(number, {
        labels,
        live: length > 0 || head.has(number, head.coveredFrom, Number.POSITIVE_INFINITY),
        samplesPerSecond: length / (PACE_MS / 1000),
        hour: firstHours?.[number] ?? -1,
      });
    }
    const report = await count.report(limit, (number) => index.at(number).labels, turn);
    const hours = Array.from({ length: HOURS }, (_, i) => from + i * HOUR_MS);
    return { at, hours: firstHours ? hours : null, ...report };
  }

  /** In which hour from `from` on each series was first seen, by number; -1 for earlier. null while the engine is down. */
  private async firstHours(from: number, turn: () => Promise<void>): Promise<Int8Array | null> {
    const { engine, index } = this.parts;
    if (engine.state !== 'up') return null;
    const bytes = await engine.queryBytes(
      `SELECT id, toUnixTimestamp64Milli(min(first_seen)) AS first FROM nightshift.series
       WHERE first_seen >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') GROUP BY id FORMAT RowBinary`,
      { from: String(from) },
    );
    const hours = new Int8Array(index.size).fill(-1);
    const rows = new RowBinaryReader(bytes);
    for (let row = 0; !rows.done; row++) {
      if (row % 1000 === 999) await turn();
      const series = index.get(rows.uint64());
      const first = Number(rows.uint64());
      if (series && series.number < hours.length) {
        hours[series.number] = Math.max(0, Math.min(HOURS - 1, Math.floor((first - from) / HOUR_MS)));
      }
    }
    return hours;
  }
}
