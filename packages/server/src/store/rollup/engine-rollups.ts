/** Roll-ups as the engine has them. */
import type { RollupColumn, RollupUse, SelectBudget } from '@nightshift/promql';
import type { Engine } from '../../engine/engine.ts';
import type { IdSpan } from '../engine-samples.ts';
import { type NativeBlock, nativeBlocks } from '../native-blocks.ts';
import type { Series } from '../series-index.ts';
import type { RollupPool } from './rollup-pool.ts';
import {
  LAST_IS_RISE,
  MAX_IS_LAST,
  MIN_IS_FIRST,
  type RollupWidth,
  SHARED_FLAGS,
  SUM_IS_REST,
} from './rollup-table.ts';

/** Beyond this many ids it is cheaper to read all series and leave out some. */
const MOST_IDS = 50_000;

const has = (flag: number): string => `bitAnd(flags, ${flag}) != 0`;
const last = `if(${has(LAST_IS_RISE)}, first + last, last)`;

/** What is selected for a column: rollup-table.ts in reverse, with the same operations in the same order. */
const EXPRESSIONS: Readonly<Record<Exclude<RollupColumn, 'firstTimes'>, string>> = {
  lastTimes: 'last_age',
  firsts: 'first',
  lasts: last,
  counts: 'count',
  changes: 'changes',
  mins: `if(${has(MIN_IS_FIRST)}, first, min)`,
  maxs: `if(${has(MAX_IS_LAST)}, ${last}, max)`,
  sums: `if(${has(SUM_IS_REST)}, (first + ${last}) / 2 * count + sum, sum)`,
  compensations: 'compensation',
  flags: `bitAnd(flags, ${SHARED_FLAGS})`,
};

export interface RollupQuery {
  readonly series: readonly Series[];
  readonly span: IdSpan | undefined;
  readonly of: RollupWidth;
  readonly use: RollupUse;
  /** Generations by hour, ascending; not empty. No other hour has one of these generations. */
  readonly hours: ReadonlyMap<number, number>;
  /** Buckets end after `after` and at `until` at the latest, Unix milliseconds. */
  readonly after: number;
  readonly until: number;
}

/** Rows of one series. */
interface Run {
  readonly block: NativeBlock;
  readonly from: number;
  readonly to: number;
}

/** By id, or by its low half. */
export interface EngineRollups {
  readonly rows: number;
  /** Appends the rows of a series, in any order. */
  append(id: bigint, pool: RollupPool): void;
}

const namesOf = ({ columns }: RollupUse): Exclude<RollupColumn, 'firstTimes'>[] =>
  columns.filter((name) => name !== 'firstTimes');

/** Everything in the text is a number of our own making. */
function textOf({ series, span, of, use, hours, after, until }: RollupQuery, isHalf: boolean): string {
  const known = [...hours.keys()];
  const ids = span
    ? `id >= ${span.least} AND id <= ${span.most} AND `
    : series.length > MOST_IDS
      ? ''
      : `id IN (${series.map(({ id }) => id).join(',')}) AND `;
  const { phase, step, range } = use;
  const inWindow =
    step > range ? ` AND positiveModulo(${phase / 1000} - toInt64(end), ${step / 1000}) < ${range / 1000}` : '';
  return `SELECT ${isHalf ? 'toUInt32(id)' : 'id'}, end, first_age, ${namesOf(use)
    .map((name) => EXPRESSIONS[name])
    .join(', ')}
    FROM nightshift.${of.table} WHERE hour >= ${known[0]} AND hour <= ${known.at(-1)}
    AND ${ids}end > ${Math.max(0, after / 1000)} AND end <= ${until / 1000}${inWindow}
    AND generation IN (${[...hours.values()].join(',')}) FORMAT Native`;
}

export async function engineRollups(
  engine: Engine,
  query: RollupQuery,
  budget: SelectBudget,
  signal?: AbortSignal,
): Promise<EngineRollups> {
  const { series, use } = query;
  const isHalf =
    (query.span !== undefined || series.length <= MOST_IDS) &&
    new Set(series.map(({ id }) => Number(id & 0xffffffffn))).size === series.length;
  const bytes = await engine.queryBytes(textOf(query, isHalf && !query.span), {}, signal, (received) =>
    budget.samples(0, received),
  );
  const names = namesOf(use);
  const runs = new Map<bigint | number, Run[]>();
  let rows = 0;
  for (const block of nativeBlocks(bytes)) {
    addRuns(block, runs);
    rows += block.rows;
  }
  return {
    rows,
    append(id, pool) {
      for (const run of runs.get(id) ?? runs.get(Number(id & 0xffffffffn)) ?? []) appendRun(run, names, pool);
    },
  };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function addRuns(block: NativeBlock, runs: Map<bigint | number, Run[]>): void {
  const [column] = block.columns;
  if (!column) return;
  const ids = viewOf(column.bytes);
  const words = column.type === 'UInt32' ? 1 : 2;
  const isSame = (a: number, b: number): boolean =>
    ids.getUint32(4 * words * a, true) === ids.getUint32(4 * words * b, true) &&
    (words === 1 || ids.getUint32(8 * a + 4, true) === ids.getUint32(8 * b + 4, true));
  for (let from = 0; from < block.rows; ) {
    let to = from + 1;
    while (to < block.rows && isSame(from, to)) to++;
    const id = words === 1 ? ids.getUint32(4 * from, true) : ids.getBigUint64(8 * from, true);
    const known = runs.get(id);
    if (known) known.push({ block, from, to });
    else runs.set(id, [{ block, from, to }]);
    from = to;
  }
}

function appendRun(
  { block, from, to }: Run,
  names: readonly Exclude<RollupColumn, 'firstTimes'>[],
  pool: RollupPool,
): void {
  const { columns: into, length: at } = pool;
  const ends = viewOf(block.columns[1]!.bytes);
  const ages = viewOf(block.columns[2]!.bytes);
  for (let row = from, place = at; row < to; row++, place++) {
    const end = 1000 * ends.getUint32(4 * row, true);
    into.ends[place] = end;
    into.firstTimes[place] = end - ages.getUint32(4 * row, true);
  }
  for (const [i, name] of names.entries()) {
    const { bytes } = block.columns[3 + i]!;
    const column = into[name];
    if (name === 'lastTimes') {
      const view = viewOf(bytes);
      for (let row = from, place = at; row < to; row++, place++) {
        column[place] = into.ends[place]! - view.getUint32(4 * row, true);
      }
      continue;
    }
    const width = column.BYTES_PER_ELEMENT;
    new Uint8Array(column.buffer, column.byteOffset, column.byteLength).set(
      bytes.subarray(width * from, width * to),
      width * at,
    );
  }
  pool.length = at + to - from;
}
