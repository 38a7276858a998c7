/**
 * Which hours have rows that were derived from their samples, as a ledger in the table `derived_hours`: a row is (hour,
 * version, generation), the one with the highest version of an hour counts, and generation 0 says that nothing does.
 * Versions only grow, over restarts too, and the generation of a build is the version under which its beginning was
 * written down, so that rows of a build that was interrupted are never taken for those of another.
 *
 * An hour is current from when that was written until before its samples change:
 *
 *     begin     (hour, v1, 0)     then the rows are written under generation v1
 *     complete  (hour, v2, v1)    unless the hour was invalidated since `begin`
 *     change    (hour, v3, 0)     durable before the first row of the hour is inserted or deleted
 *
 * Killed between any two of them, an hour is current only if its samples are those that its rows were made of. Where the
 * answer to a write is lost, the hour is taken for what is the safer of both: for readers it is not current, for a change
 * it may be.
 */
import type { Engine } from '../../engine/engine.ts';
import type { HourSet } from './hours.ts';

/** Hours of one statement. */
const AT_ONCE = 5000;

export interface DerivedHoursOptions {
  readonly engine: Pick<Engine, 'query' | 'command'>;
  /** Of the derivations that there are; hours for which the ledger names others are not current. */
  readonly names: readonly string[];
  /** Is told before samples of these hours change, with those among them that were current. */
  readonly changes?: (hours: HourSet, lost: readonly number[]) => void;
}

export class DerivedHours {
  /** Generation by hour. */
  private readonly made = new Map<number, number>();
  /** Hours that the ledger may call current, with the version that does. */
  private readonly noted = new Map<number, number>();
  /** Generation by hour; taken out when the samples of the hour change. */
  private readonly building = new Map<number, number>();
  /** Hours whose samples are changing at the moment. */
  private readonly changing = new Set<HourSet>();
  private readonly names: string;
  private version = 0;
  private inOrder: readonly number[] | undefined;

  private constructor(private readonly options: DerivedHoursOptions) {
    this.names = [...options.names].sort().join(' ');
  }

  static async load(options: DerivedHoursOptions): Promise<DerivedHours> {
    const hours = new DerivedHours(options);
    const rows = await options.engine.query<{ hour: number; newest: string; made: string; names: string }>(
      `SELECT hour, max(version) AS newest, argMax(generation, version) AS made, argMax(derivations, version) AS names
       FROM nightshift.derived_hours GROUP BY hour`,
    );
    for (const { hour, newest, made, names } of rows) {
      hours.version = Math.max(hours.version, Number(newest));
      if (Number(made) === 0) continue;
      hours.noted.set(hour, Number(newest));
      if (names === hours.names) hours.made.set(hour, Number(made));
    }
    return hours;
  }

  /** The generation whose rows count for that hour; undefined while none does. */
  current(hour: number): number | undefined {
    return this.made.get(hour);
  }

  /** Hours that are current, ascending. */
  sorted(): readonly number[] {
    this.inOrder ??= [...this.made.keys()].sort((a, b) => a - b);
    return this.inOrder;
  }

  /**
   * Nothing that was derived from these hours counts any more; durable when it resolves, and to be awaited before their
   * rows change. Costs nothing where none is current. `change` also keeps them from being derived meanwhile.
   */
  async invalidate(hours: HourSet): Promise<void> {
    for (const hour of this.building.keys()) if (hours.has(hour)) this.building.delete(hour);
    const lost = [...this.made.keys()].filter((hour) => hours.has(hour));
    for (const hour of lost) this.setMade(hour, undefined);
    this.options.changes?.(hours, lost);
    const known = [...this.noted].filter(([hour]) => hours.has(hour));
    if (known.length === 0) return;
    const version = ++this.version;
    await this.write(known.map(([hour]) => [hour, version, 0]));
    for (const [hour, mark] of known) if (this.noted.get(hour) === mark) this.noted.delete(hour);
  }

  /** Invalidates the hours and does `work`, which changes their rows; nothing is derived from them until it has ended. */
  async change<T>(hours: HourSet, work: () => Promise<T>): Promise<T> {
    this.changing.add(hours);
    try {
      await this.invalidate(hours);
      return await work();
    } finally {
      this.changing.delete(hours);
    }
  }

  /** The generation under which the rows of an hour are to be written; undefined while its samples change. */
  async begin(hour: number): Promise<number | undefined> {
    for (const hours of this.changing) if (hours.has(hour)) return undefined;
    const generation = ++this.version;
    this.setMade(hour, undefined);
    this.building.set(hour, generation);
    await this.write([[hour, generation, 0]]);
    return generation;
  }

  /** The rows of that generation are on the disk. False if they do not count, because samples of the hour changed. */
  async complete(hour: number, generation: number): Promise<boolean> {
    if (this.building.get(hour) !== generation) return false;
    const version = ++this.version;
    this.noted.set(hour, version);
    await this.write([[hour, version, generation]]);
    if (this.building.get(hour) !== generation) return false;
    this.building.delete(hour);
    this.setMade(hour, generation);
    return true;
  }

  private setMade(hour: number, generation: number | undefined): void {
    if (generation === undefined) this.made.delete(hour);
    else this.made.set(hour, generation);
    this.inOrder = undefined;
  }

  /** Rows of hour, version and generation. All are numbers of our own making. */
  private async write(rows: readonly (readonly [number, number, number])[]): Promise<void> {
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const values = rows.slice(from, from + AT_ONCE).map((row) => `(${row.join(',')},{names:String})`);
      await this.options.engine.command(
        `INSERT INTO nightshift.derived_hours (hour, version, generation, derivations) VALUES ${values.join(',')}`,
        { names: this.names },
      );
    }
  }
}
