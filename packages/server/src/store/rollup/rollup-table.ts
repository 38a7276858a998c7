/** Roll-ups as rows of the engine. */
import type { RollupRows } from '@nightshift/promql';

/** Of a bucket, and where its roll-ups are. */
export interface RollupWidth {
  readonly width: number;
  readonly table: string;
}

/** The widest first. */
export const ROLLUP_WIDTHS: readonly RollupWidth[] = [
  { width: 3_600_000, table: 'rollups_1h' },
  { width: 300_000, table: 'rollups_5m' },
];

/** The ends of buckets are seconds in 32 bits: up to the year 2106. */
const LAST_HOUR = 2 ** 32 / 3600 - 1;

/** Samples of other hours are not rolled up. */
export const canRollUp = (hour: number): boolean => hour >= 0 && hour < LAST_HOUR;

/**
 * Flags of a row beyond those of promql. What follows from other columns to the very bits is not repeated: `sum` is what is
 * above that of a straight line from the first value to the last, `last` what it is above the first, the least value is the
 * first one, the greatest the last.
 */
export const SUM_IS_REST = 16;
export const LAST_IS_RISE = 32;
export const MIN_IS_FIRST = 64;
export const MAX_IS_LAST = 128;
/** Those of promql. */
export const SHARED_FLAGS = SUM_IS_REST - 1;

/** What is to be added to `base` so that the result has the bits of `value`; undefined where no number does. */
function restOf(value: number, base: number): number | undefined {
  const rest = value - base;
  return Number.isFinite(rest) && Object.is(base + rest, value) ? rest : undefined;
}

/** Of an insert, in order. */
const COLUMNS = [
  ['id', 'UInt64'],
  ['hour', 'UInt32'],
  ['generation', 'UInt64'],
  ['end', 'UInt32'],
  ['first_age', 'UInt32'],
  ['last_age', 'UInt32'],
  ['first', 'Float64'],
  ['last', 'Float64'],
  ['count', 'UInt32'],
  ['changes', 'UInt32'],
  ['min', 'Float64'],
  ['max', 'Float64'],
  ['sum', 'Float64'],
  ['compensation', 'Float64'],
  ['flags', 'UInt8'],
] as const;

export const columnNames: readonly string[] = COLUMNS.map(([name]) => name);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

const text = (value: string): Uint8Array => Buffer.concat([varint(value.length), Buffer.from(value)]);
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The rows as one block in format Native; `ids` is by row. */
export function rollupBlock(
  { columns, length }: RollupRows,
  ids: BigUint64Array,
  hour: number,
  generation: number,
): Uint8Array[] {
  const ends = new Uint32Array(length);
  const firstAges = new Uint32Array(length);
  const lastAges = new Uint32Array(length);
  const lasts = columns.lasts.slice(0, length);
  const sums = columns.sums.slice(0, length);
  const mins = columns.mins.slice(0, length);
  const maxs = columns.maxs.slice(0, length);
  const flags = columns.flags.slice(0, length);
  for (let row = 0; row < length; row++) {
    const end = columns.ends[row]!;
    ends[row] = end / 1000;
    firstAges[row] = end - columns.firstTimes[row]!;
    lastAges[row] = end - columns.lastTimes[row]!;
    const first = columns.firsts[row]!;
    const last = columns.lasts[row]!;
    const rise = restOf(last, first);
    if (rise !== undefined) {
      lasts[row] = rise;
      flags[row] = flags[row]! | LAST_IS_RISE;
    }
    const rest = restOf(sums[row]!, ((first + last) / 2) * columns.counts[row]!);
    if (rest !== undefined) {
      sums[row] = rest;
      flags[row] = flags[row]! | SUM_IS_REST;
    }
    if (Object.is(mins[row], first)) {
      mins[row] = 0;
      flags[row] = flags[row]! | MIN_IS_FIRST;
    }
    if (Object.is(maxs[row], last)) {
      maxs[row] = 0;
      flags[row] = flags[row]! | MAX_IS_LAST;
    }
  }
  const values: readonly ArrayBufferView[] = [
    ids.subarray(0, length),
    new Uint32Array(length).fill(hour),
    new BigUint64Array(length).fill(BigInt(generation)),
    ends,
    firstAges,
    lastAges,
    columns.firsts.subarray(0, length),
    lasts,
    columns.counts.subarray(0, length),
    columns.changes.subarray(0, length),
    mins,
    maxs,
    sums,
    columns.compensations.subarray(0, length),
    flags,
  ];
  const pieces = [varint(COLUMNS.length), varint(length)];
  for (const [place, [name, type]] of COLUMNS.entries()) pieces.push(text(name), text(type), bytesOf(values[place]!));
  return pieces;
}
