/** How a range of time is answered: from packed hours where they are current, from single samples where they are not. */
import { HOUR_MS, hourOf } from './hours.ts';

/** Parts of a range that are read as single samples: each is a question of its own. */
const MOST_RAW = 8;

/** An hour with the generation of its rows. */
export interface PackedHour {
  readonly hour: number;
  readonly generation: number;
}

/** Consecutive in time: the hours that are packed, or else the samples from `start` to `end` (Unix milliseconds, both included). */
export type Piece =
  | { readonly packed: readonly PackedHour[] }
  | { readonly packed?: undefined; readonly start: number; readonly end: number };

interface Ledger {
  current(hour: number): number | undefined;
  /** Ascending. */
  sorted(): readonly number[];
}

/** In order of time. Where there would be too many pieces the shortest runs of packed hours are left out. */
export function piecesOf(start: number, end: number, ledger: Ledger): Piece[] {
  const runs = runsBetween(hourOf(start), hourOf(end), ledger);
  if (runs.length > MOST_RAW) {
    const longest = [...runs].sort((a, b) => b.length - a.length).slice(0, MOST_RAW - 1);
    const kept = new Set(longest);
    runs.splice(0, runs.length, ...runs.filter((run) => kept.has(run)));
  }
  const pieces: Piece[] = [];
  let from = start;
  for (const packed of runs) {
    const first = packed[0]!.hour * HOUR_MS;
    if (from < first) pieces.push({ start: from, end: first - 1 });
    pieces.push({ packed });
    from = (packed.at(-1)!.hour + 1) * HOUR_MS;
  }
  if (from <= end) pieces.push({ start: from, end });
  return pieces;
}

/** Hours next to each other that are current. */
function runsBetween(first: number, last: number, ledger: Ledger): PackedHour[][] {
  const hours = ledger.sorted();
  const runs: PackedHour[][] = [];
  for (let at = firstAtLeast(hours, first); at < hours.length && hours[at]! <= last; at++) {
    const hour = hours[at]!;
    const one = { hour, generation: ledger.current(hour)! };
    if (runs.length > 0 && hours[at - 1] === hour - 1) runs.at(-1)!.push(one);
    else runs.push([one]);
  }
  return runs;
}

function firstAtLeast(sorted: readonly number[], least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
