import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../../test/engine-launcher.ts';
import { type Engine, startEngine } from '../../engine/engine.ts';
import type { EngineLauncher } from '../../engine/engine-child.ts';
import { migrate } from '../../engine/migrate.ts';
import { migrations } from '../../engine/migrations/index.ts';
import { DerivedHours } from './derived-hours.ts';

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-derived-hours-'));
  engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log: { info() {}, warn() {} } });
  await migrate(engine, migrations);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
});

const HOURS = 3;
/** How a write to the ledger goes: it is done; it fails before or after it was done, and nobody can tell which. */
type Fate = 'done' | 'lost' | 'unanswered';

/** Raw rows and rows that were made of them, as counts of changes, beside a real ledger that may fail. */
class World {
  fate: Fate = 'done';
  readonly raw = new Array<number>(HOURS).fill(0);
  /** By hour and generation, the raw rows that they were made of. */
  readonly made = new Map<string, number>();
  readonly building = new Map<number, number>();
  hours!: DerivedHours;

  async start(names = ['a', 'b']): Promise<void> {
    const command = async (sql: string, params?: Record<string, unknown>) => {
      const { fate } = this;
      this.fate = 'done';
      if (fate === 'lost') throw new Error('lost');
      await engine.command(sql, params);
      if (fate === 'unanswered') throw new Error('unanswered');
    };
    this.building.clear();
    this.hours = await DerivedHours.load({ engine: { query: (...asked) => engine.query(...asked), command }, names });
  }

  async begin(hour: number): Promise<void> {
    const generation = await this.hours.begin(hour);
    if (generation === undefined) return;
    this.building.set(hour, generation);
    this.made.set(`${hour} ${generation}`, this.raw[hour]!);
  }

  async complete(hour: number): Promise<void> {
    const generation = this.building.get(hour);
    this.building.delete(hour);
    if (generation !== undefined) await this.hours.complete(hour, generation);
  }

  async change(hour: number): Promise<void> {
    await this.hours.change(new Set([hour]), async () => void this.raw[hour]!++);
  }

  /** Hours of which rows count that were made of other samples than there are. */
  stale(): number[] {
    return this.raw.flatMap((raw, hour) => {
      const generation = this.hours.current(hour);
      return generation !== undefined && this.made.get(`${hour} ${generation}`) !== raw ? [hour] : [];
    });
  }
}

/** Waits for either, whatever becomes of the other one: what is still under way belongs to the step. */
async function both(...all: Promise<void>[]): Promise<void> {
  await Promise.allSettled(all);
  await Promise.all(all);
}

const step = fc.record({
  what: fc.constantFrom('begin', 'complete', 'build', 'build', 'build', 'change', 'restart', 'both', 'others'),
  hour: fc.integer({ min: 0, max: HOURS - 1 }),
  fate: fc.constantFrom<Fate>('done', 'done', 'done', 'lost', 'unanswered'),
});

describe('the ledger of derived hours', () => {
  it('never calls an hour current whose samples changed since, whatever fails and whenever it starts anew', async () => {
    let current = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await engine.command('TRUNCATE TABLE nightshift.derived_hours');
        const world = new World();
        await world.start();
        for (const { what, hour, fate } of steps) {
          world.fate = fate;
          const doing = {
            begin: () => world.begin(hour),
            complete: () => world.complete(hour),
            build: () => world.begin(hour).then(() => world.complete(hour)),
            change: () => world.change(hour),
            // The samples change while it is written down that they did not.
            both: () => both(world.complete(hour), world.change(hour)),
            restart: () => world.start(),
            // Something else is derived by then.
            others: () => world.start(['a']).then(() => world.start()),
          }[what as 'begin']();
          await doing.catch((error: Error) => expect(error.message).toMatch(/^(lost|unanswered)$/));
          expect(world.stale()).toEqual([]);
          current += world.hours.sorted().length;
        }
        world.fate = 'done';
        await world.start();
        expect(world.stale()).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(current).toBeGreaterThan(60);
  }, 500_000);

  it('survives a restart, and not a change of what is derived', async () => {
    await engine.command('TRUNCATE TABLE nightshift.derived_hours');
    const world = new World();
    await world.start(['b', 'a']);
    await world.begin(1);
    await world.complete(1);
    const generation = world.hours.current(1);
    expect(generation).toBeGreaterThan(0);
    await world.start(['a', 'b']);
    expect(world.hours.current(1)).toBe(generation);
    await world.start(['a', 'b', 'c']);
    expect(world.hours.sorted()).toEqual([]);
    await world.change(1);
    await world.start(['a', 'b']);
    expect(world.hours.current(1)).toBeUndefined();
  });

  it('begins nothing in an hour whose samples are changing', async () => {
    const world = new World();
    await world.start();
    let end = () => {};
    const changing = world.hours.change({ has: (hour) => hour > 1 }, () => new Promise<void>((done) => (end = done)));
    expect(await world.hours.begin(2)).toBeUndefined();
    expect(await world.hours.begin(1)).toBeGreaterThan(0);
    end();
    await changing;
    expect(await world.hours.begin(2)).toBeGreaterThan(0);
  });
});
