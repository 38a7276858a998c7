/** Rows of derivations that do not count any more. */
import type { Engine } from '../../engine/engine.ts';
import { mutate } from '../deletion.ts';
import type { DerivedHours } from './derived-hours.ts';

/** Takes rows out of a table of a derivation whose generation is not the current one of their hour. Nothing may be under way for it. */
export async function dropOutdated(engine: Engine, table: string, hours: Pick<DerivedHours, 'current'>): Promise<void> {
  const found = await engine.query<{ day: string; hour: number; generation: string }>(
    `SELECT _partition_id AS day, hour, generation FROM nightshift.${table} GROUP BY day, hour, generation`,
  );
  for (const day of new Set(found.map(({ day }) => day))) {
    const rows = found.filter((row) => row.day === day);
    const outdated = rows.filter(({ hour, generation }) => hours.current(hour) !== Number(generation));
    if (outdated.length === 0) continue;
    if (outdated.length === rows.length) {
      await dropDay(engine, table, day);
      continue;
    }
    const pairs = outdated.map(({ hour, generation }) => `(${hour},${generation})`).join(',');
    const where = `(hour, generation) IN (${pairs}) SETTINGS mutations_sync = 0`;
    await mutate(engine, table, `ALTER TABLE nightshift.${table} DELETE IN PARTITION ID '${day}' WHERE ${where}`, {});
  }
}

export const dropDay = (engine: Engine, table: string, day: string | number): Promise<void> =>
  engine.command(`ALTER TABLE nightshift.${table} DROP PARTITION ID '${day}'`);
