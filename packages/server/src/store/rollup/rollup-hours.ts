/** Rolls the samples of an hour up, in all widths at once. */
import { RollupRows, rollUp } from '@nightshift/promql';
import type { Engine } from '../../engine/engine.ts';
import type { Derivation } from '../derived/derivation.ts';
import { HOUR_MS } from '../derived/hours.ts';
import { engineSamples } from '../engine-samples.ts';
import type { Series, SeriesIndex } from '../series-index.ts';
import { canRollUp, columnNames, ROLLUP_WIDTHS, type RollupWidth, rollupBlock } from './rollup-table.ts';

/** Series whose samples are held at once: of an hour at an interval of 15 s some 30 MB. */
const SERIES_AT_ONCE = 4000;
/** Rows of an insert, or those of `SERIES_AT_ONCE` more. */
const ROWS_AT_ONCE = 200_000;

const byId = (a: Series, b: Series): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

export class RollupHours implements Derivation {
  readonly name = 'roll-ups';
  readonly tables = ROLLUP_WIDTHS.map(({ table }) => table);
  /** Series are only ever added. */
  private ordered: readonly Series[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly index: SeriesIndex,
  ) {}

  async build(hour: number, generation: number, signal: AbortSignal): Promise<void> {
    if (!canRollUp(hour)) return;
    if (this.ordered.length !== this.index.size) this.ordered = [...this.index.since(0)].sort(byId);
    const series = this.ordered;
    const start = hour * HOUR_MS;
    const inserts = ROLLUP_WIDTHS.map((width) => new RollupInsert(this.engine, width, hour, generation));
    for (let from = 0; from < series.length; from += SERIES_AT_ONCE) {
      signal.throwIfAborted();
      const some = series.slice(from, from + SERIES_AT_ONCE);
      const span = { least: some[0]!.id, most: some.at(-1)!.id };
      const found = await engineSamples(this.engine, some, start, start + HOUR_MS - 1, signal, undefined, span);
      for (const { id } of some) {
        const samples = found.get(id);
        if (samples) for (const insert of inserts) insert.add(id, samples.timestamps, samples.values);
      }
      for (const insert of inserts) if (insert.rows >= ROWS_AT_ONCE) await insert.flush();
    }
    for (const insert of inserts) await insert.flush();
  }
}

/** Gathers the roll-ups of many series. */
class RollupInsert {
  private readonly into = new RollupRows();
  private ids = new BigUint64Array(1024);
  private flushes = 0;

  constructor(
    private readonly engine: Engine,
    private readonly of: RollupWidth,
    private readonly hour: number,
    private readonly generation: number,
  ) {}

  get rows(): number {
    return this.into.length;
  }

  add(id: bigint, timestamps: Float64Array, values: Float64Array): void {
    const from = this.into.length;
    rollUp(timestamps, values, this.of.width, this.into);
    if (this.into.length > this.ids.length) {
      const larger = new BigUint64Array(Math.max(2 * this.ids.length, this.into.length));
      larger.set(this.ids);
      this.ids = larger;
    }
    this.ids.fill(id, from, this.into.length);
  }

  async flush(): Promise<void> {
    if (this.into.length === 0) return;
    const { table } = this.of;
    const block = rollupBlock(this.into, this.ids, this.hour, this.generation);
    const token = `${table} ${this.hour} ${this.generation} ${this.flushes++}`;
    await this.engine.insert(`nightshift.${table}`, columnNames, block, token, 'Native');
    this.into.clear();
  }
}
