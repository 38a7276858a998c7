/** The roll-ups of many series in columns that they share. */
import { type RollupColumn, type RollupColumns, RollupRows } from '@nightshift/promql';

const none = new RollupRows().slice(0, 0);

/** Writable. */
export type PooledColumns = { readonly [Name in keyof RollupColumns]: RollupColumns[Name] };

export class RollupPool {
  readonly columns: PooledColumns;
  length = 0;
  private readonly names: readonly (keyof RollupColumns)[];
  private lastEnds: Float64Array = none.ends;

  /** @param wanted columns beside the ends of buckets and the times of their first samples, which are always there */
  constructor(rows: number, wanted: readonly RollupColumn[]) {
    this.names = [...new Set<keyof RollupColumns>(['ends', 'firstTimes', ...wanted])];
    const columns: Partial<Record<keyof RollupColumns, unknown>> = { ...none };
    for (const name of this.names) {
      columns[name] =
        name === 'flags'
          ? new Uint8Array(rows)
          : name === 'counts' || name === 'changes'
            ? new Uint32Array(rows)
            : new Float64Array(rows);
    }
    this.columns = columns as PooledColumns;
  }

  append(rows: RollupColumns): void {
    for (const name of this.names) this.columns[name].set(rows[name], this.length);
    this.length += rows.ends.length;
  }

  /** The rows since `from`, which are those of one series in any order. */
  take(from: number): RollupColumns {
    const { columns, length } = this;
    const places = orderOf(columns.firstTimes.subarray(from, length));
    const taken: Partial<Record<keyof RollupColumns, unknown>> = { ...none };
    for (const name of this.names) {
      const own = columns[name].subarray(from, length);
      taken[name] = own;
      if (places) {
        const before = own.slice();
        for (let i = 0; i < own.length; i++) own[i] = before[places[i]!]!;
      }
    }
    const found = taken as unknown as RollupColumns;
    if (isSame(found.ends, this.lastEnds)) return { ...found, ends: this.lastEnds };
    this.lastEnds = found.ends;
    return found;
  }
}

/** Undefined where they ascend as they are. */
function orderOf(times: Float64Array): number[] | undefined {
  let i = 1;
  while (i < times.length && times[i - 1]! < times[i]!) i++;
  if (i >= times.length) return undefined;
  return Array.from(times.keys()).sort((a, b) => times[a]! - times[b]!);
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
