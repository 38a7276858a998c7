import type { FloatWindows, Row } from '../engine/rows.ts';
import { secondsOf } from '../engine/window.ts';
import { extrapolation, type RateKind } from '../functions/rate.ts';
import { KahanSum } from '../numeric.ts';
import { ENDED, FALLS, LARGE, type RollupColumn, type RollupColumns } from './columns.ts';

/**
 * Fills the row of one series, whose `present` is all 0 before, from its roll-ups, and says how many steps have a sample;
 * undefined where the roll-ups do not tell the result. The window of a step is the rows `from <= i < to`.
 */
export type RollupRow = (rollups: RollupColumns, windows: FloatWindows, into: Row) => number | undefined;

export interface RollupFunction {
  readonly columns: readonly RollupColumn[];
  readonly fill: RollupRow;
}

/** The value of one window that has a row; undefined where the step has no sample. */
type OfWindow = (rollups: RollupColumns, from: number, to: number) => number | undefined;

/** `refused`: flags of roll-ups that do not tell the result. */
function perWindow(columns: readonly RollupColumn[], apply: OfWindow, refused = 0): RollupFunction {
  return {
    columns,
    fill: (rollups, { from, to }, { values, present }) => {
      if (refused !== 0 && hasFlag(rollups, refused)) return undefined;
      let size = 0;
      for (let step = 0; step < from.length; step++) {
        if (from[step]! >= to[step]!) continue;
        const value = apply(rollups, from[step]!, to[step]!);
        if (value === undefined) continue;
        values[step] = value;
        present[step] = 1;
        size++;
      }
      return size;
    },
  };
}

function hasFlag({ flags }: RollupColumns, flag: number): boolean {
  for (let i = 0; i < flags.length; i++) if ((flags[i]! & flag) !== 0) return true;
  return false;
}

/** The first row that has a sample, -1 if none has; `lastOf` is the last. */
function firstOf(counts: Uint32Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (counts[i]! > 0) return i;
  return -1;
}

function lastOf(counts: Uint32Array, from: number, to: number): number {
  for (let i = to - 1; i >= from; i--) if (counts[i]! > 0) return i;
  return -1;
}

/** The last sample, unless that is a stale marker. */
const current =
  (column: 'lasts' | 'lastTimes', unit: number): OfWindow =>
  (rollups, _, to) =>
    (rollups.flags[to - 1]! & ENDED) !== 0 ? undefined : rollups[column][to - 1]! / unit;

const first: OfWindow = ({ counts, firsts }, from, to) => {
  const i = firstOf(counts, from, to);
  return i < 0 ? undefined : firsts[i]!;
};

const last: OfWindow = ({ counts, lasts }, from, to) => {
  const i = lastOf(counts, from, to);
  return i < 0 ? undefined : lasts[i]!;
};

const count: OfWindow = ({ counts }, from, to) => {
  let total = 0;
  for (let i = from; i < to; i++) total += counts[i]!;
  return total === 0 ? undefined : total;
};

const present: OfWindow = ({ counts }, from, to) => (firstOf(counts, from, to) < 0 ? undefined : 1);

/** As over the samples: NaN loses against any number, and of equals the first wins. */
const extreme =
  (column: 'mins' | 'maxs', sign: 1 | -1): OfWindow =>
  (rollups, from, to) => {
    const { counts } = rollups;
    const values = rollups[column];
    const start = firstOf(counts, from, to);
    if (start < 0) return undefined;
    let best = values[start]!;
    for (let i = start + 1; i < to; i++) {
      if (counts[i] !== 0 && (sign * values[i]! < sign * best || Number.isNaN(best))) best = values[i]!;
    }
    return best;
  };

/** Undefined where no row has a sample. */
function sumOf({ counts, sums, compensations }: RollupColumns, from: number, to: number): KahanSum | undefined {
  let total: KahanSum | undefined;
  for (let i = from; i < to; i++) {
    if (counts[i] === 0) continue;
    total ??= new KahanSum();
    total.add(sums[i]!);
    total.compensation += compensations[i]!;
  }
  return total;
}

const sum: OfWindow = (rollups, from, to) => {
  const total = sumOf(rollups, from, to);
  return total && (Math.abs(total.sum) === Number.POSITIVE_INFINITY ? total.sum : total.total);
};

const average: OfWindow = (rollups, from, to) => {
  const total = sumOf(rollups, from, to);
  if (!total || Math.abs(total.sum) === Number.POSITIVE_INFINITY) return total?.sum;
  const samples = count(rollups, from, to)!;
  return total.sum / samples + total.compensation / samples;
};

const differ = (a: number, b: number): boolean => a !== b && !(Number.isNaN(a) && Number.isNaN(b));

const changes: OfWindow = ({ counts, firsts, lasts, changes: within }, from, to) => {
  let before = firstOf(counts, from, to);
  if (before < 0) return undefined;
  let times = within[before]!;
  for (let i = before + 1; i < to; i++) {
    if (counts[i] === 0) continue;
    times += within[i]! + (differ(firsts[i]!, lasts[before]!) ? 1 : 0);
    before = i;
  }
  return times;
};

const resets: OfWindow = ({ counts, firsts, lasts }, from, to) => {
  let before = firstOf(counts, from, to);
  if (before < 0) return undefined;
  let times = 0;
  for (let i = before + 1; i < to; i++) {
    if (counts[i] === 0) continue;
    if (firsts[i]! < lasts[before]!) times++;
    before = i;
  }
  return times;
};

/** To the same bits as over the samples, since every fall of a counter is here, in order. */
function rateOf(kind: RateKind): RollupFunction {
  const fill: RollupRow = (rollups, { from, to, references, range }, into) => {
    if (kind.isCounter && hasFlag(rollups, FALLS)) return undefined;
    const { counts, firstTimes, lastTimes } = rollups;
    const rangeSeconds = secondsOf(range);
    let size = 0;
    for (let step = 0; step < from.length; step++) {
      const start = firstOf(counts, from[step]!, to[step]!);
      if (start < 0) continue;
      const end = lastOf(counts, start, to[step]!);
      let samples = 0;
      for (let i = start; i <= end; i++) samples += counts[i]!;
      if (samples < 2) continue;
      const increase = kind.isCounter ? increaseOf(rollups, start, end) : rollups.lasts[end]! - rollups.firsts[start]!;
      const extent = {
        first: firstTimes[start]!,
        last: lastTimes[end]!,
        samples,
        rangeStart: references[step]! - range,
        rangeEnd: references[step]!,
        rangeSeconds,
      };
      const value = rollups.firsts[start]!;
      const fromZero = increase > 0 && value >= 0 ? value / increase : undefined;
      into.values[step] = increase * extrapolation(extent, kind, undefined, fromZero);
      into.present[step] = 1;
      size++;
    }
    return size;
  };
  const columns: RollupColumn[] = ['firstTimes', 'lastTimes', 'firsts', 'lasts', 'counts'];
  return { columns: kind.isCounter ? [...columns, 'flags'] : columns, fill };
}

function increaseOf({ counts, firsts, lasts }: RollupColumns, start: number, end: number): number {
  let increase = lasts[end]! - firsts[start]!;
  let before = start;
  for (let i = start + 1; i <= end; i++) {
    if (counts[i] === 0) continue;
    if (firsts[i]! < lasts[before]!) increase += lasts[before]!;
    before = i;
  }
  return increase;
}

const SUMMED: readonly RollupColumn[] = ['counts', 'sums', 'compensations', 'flags'];

/** What an instant selector gives, and its times in seconds. */
export const CURRENT_VALUE = perWindow(['lasts', 'flags'], current('lasts', 1));
export const CURRENT_TIME = perWindow(['lastTimes', 'flags'], current('lastTimes', 1000));

/** The functions of a range that roll-ups give the same result for. */
export const ROLLUP_FUNCTIONS: ReadonlyMap<string, RollupFunction> = new Map([
  ['absent_over_time', perWindow(['counts'], present)],
  ['avg_over_time', perWindow(SUMMED, average, LARGE)],
  ['changes', perWindow(['counts', 'firsts', 'lasts', 'changes'], changes)],
  ['count_over_time', perWindow(['counts'], count)],
  ['delta', rateOf({ isCounter: false, perSecond: false })],
  ['first_over_time', perWindow(['counts', 'firsts'], first)],
  ['increase', rateOf({ isCounter: true, perSecond: false })],
  ['last_over_time', perWindow(['counts', 'lasts'], last)],
  ['max_over_time', perWindow(['counts', 'maxs'], extreme('maxs', -1))],
  ['min_over_time', perWindow(['counts', 'mins'], extreme('mins', 1))],
  ['present_over_time', perWindow(['counts'], present)],
  ['rate', rateOf({ isCounter: true, perSecond: true })],
  ['resets', perWindow(['counts', 'firsts', 'lasts', 'flags'], resets, FALLS)],
  ['sum_over_time', perWindow(SUMMED, sum, LARGE)],
]);
