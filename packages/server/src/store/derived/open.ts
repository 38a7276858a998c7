/** What is derived from samples, put together. */
import type { Engine } from '../../engine/engine.ts';
import { RollupHours } from '../rollup/rollup-hours.ts';
import type { SeriesIndex } from '../series-index.ts';
import type { Derivation } from './derivation.ts';
import { DerivedHours } from './derived-hours.ts';
import { dropDay } from './derived-rows.ts';
import { Deriver } from './deriver.ts';
import { History } from './history.ts';
import { packedSamples } from './packed-samples.ts';
import { QuietHours } from './quiet-hours.ts';

/** Without a change of its samples, before an hour is derived from. */
const QUIET_MS = 60_000;
const EVERY_MS = 15_000;

export interface DerivedOptions {
  readonly engine: Engine;
  readonly series: SeriesIndex;
  /** Milliseconds without a change before an hour that is over is derived from; a minute unless told. */
  readonly quietMs?: number;
  /** Milliseconds between two looks for such hours; 15 s unless told. */
  readonly everyMs?: number;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

export interface Derived {
  readonly hours: DerivedHours;
  readonly history: History;
  /** Takes away what was derived from a day whose samples are gone. */
  dropDay(day: number): Promise<void>;
  close(): Promise<void>;
}

/** All that there is; a new one is a line here. */
export const derivationsOf = (engine: Engine, series: SeriesIndex): readonly Derivation[] => [
  packedSamples(engine),
  new RollupHours(engine, series),
];

/** Loads the ledger and starts to derive. */
export async function openDerived(options: DerivedOptions): Promise<Derived> {
  const { engine, series, quietMs = QUIET_MS, everyMs = EVERY_MS, now, log } = options;
  const derivations = derivationsOf(engine, series);
  const quiet = new QuietHours(quietMs, now);
  const hours = await DerivedHours.load({
    engine,
    names: derivations.map(({ name }) => name),
    changes: (changed, lost) => quiet.note(changed, lost),
  });
  // After a start, too: the journal may still have samples of hours that are over.
  quiet.note({ has: () => true }, []);
  const deriver = new Deriver({ engine, hours, quiet, derivations, everyMs, now, log });
  return {
    hours,
    history: new History(engine, hours),
    async dropDay(day) {
      for (const table of derivations.flatMap(({ tables }) => tables)) await dropDay(engine, table, day);
    },
    close: () => deriver.close(),
  };
}
