/** Deletes samples by the rules of their series: whole days, once a day, and nothing that is younger than it is kept. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Labels } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import type { DeletionRuns } from './deletion-runs.ts';
import type { Derived } from './derived/open.ts';
import {
  clearDay,
  countDay,
  doneDays,
  dropDay,
  noteDone,
  SERIES_TABLES,
  type SeriesTable,
  storedDays,
  writeGroups,
} from './retention-engine.ts';
import {
  DAY_MS,
  type Day,
  groupChooser,
  groupsOf,
  hoursOf,
  type MetricRetention,
  planRetention,
  type RetentionGroup,
  showDay,
} from './retention-policy.ts';
import { isMarkDue, markGone } from './retention-series.ts';

/** Between the line that says what will be deleted and the deletion: time to stop it. */
const FIRST_AFTER_MS = 60_000;
/** Whether there is something to do is a question of milliseconds. */
const EVERY_MS = 600_000;
/** Samples that come late into a day that was cleared are deleted with others of theirs. */
const AGAIN_MS = 20 * 3_600_000;
/** Series that are looked at before others have their turn. */
const SLICE = 5000;

export interface RetentionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Every known series, by a number from 0. */
export interface KnownSeries {
  readonly size: number;
  at(number: number): { readonly id: bigint; readonly labels: Labels };
}

export interface RetentionOptions {
  readonly engine: Engine;
  /** What was derived from samples goes with them. */
  readonly derived: Pick<Derived, 'hours' | 'dropDay'>;
  readonly deletions: DeletionRuns;
  readonly series: KnownSeries;
  readonly policy: MetricRetention;
  readonly now: () => number;
  readonly log: RetentionLog;
  readonly firstAfterMs?: number;
}

export interface Swept {
  /** Unix milliseconds. */
  readonly at: number;
  /** Days that went as a whole, such as 2026-06-01. */
  readonly droppedDays: readonly string[];
  /** Days of which the samples of some rules went. */
  readonly clearedDays: readonly string[];
  /** In all of these days. */
  readonly samples: number;
  /** Series without any sample, which the next start leaves out. */
  readonly seriesGone: number;
}

export interface RetentionStatus {
  /** The last is for everything that no rule matches and has '' for a match. `keepMs` 0: for ever. */
  readonly rules: readonly RetentionGroup[];
  /** Unix milliseconds of the next deletion that is due; null when there is none. */
  readonly nextAt: number | null;
  /** The last sweep of this process that deleted something. */
  readonly last: Swept | null;
  /** Why the last sweep failed; '' when it did not. */
  readonly error: string;
}

/** One thing to do. */
interface Task {
  readonly table: SeriesTable;
  readonly day: Day;
  /** Whose samples go; null for the whole day. */
  readonly groups: readonly number[] | null;
  readonly block: number;
  readonly rows: number;
  /** Names what was done, in `retention_days`. */
  readonly policy: string;
}

export class RetentionKeeper {
  private policy: MetricRetention;
  private nextAt: number | null = null;
  private last: Swept | null = null;
  private error = '';
  private checkedAt = Number.NEGATIVE_INFINITY;
  private running: Promise<Swept> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: RetentionOptions) {
    this.policy = options.policy;
  }

  /** Says what will be deleted, and begins a minute later. */
  async start(): Promise<void> {
    await this.announce();
    this.wait(this.options.firstAfterMs ?? FIRST_AFTER_MS);
  }

  /** Takes effect at once: a sweep under other rules ends before its next step, and what these delete is said first. */
  async change(policy: MetricRetention): Promise<void> {
    if (sameRules(policy, this.policy)) return;
    this.policy = policy;
    await this.start();
  }

  status(): RetentionStatus {
    return { rules: groupsOf(this.policy), nextAt: this.nextAt, last: this.last, error: this.error };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running?.catch(() => {});
  }

  /** Deletes what is due. One at a time: a second call waits for the first. */
  sweep(): Promise<Swept> {
    this.running ??= this.sweepNow().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => void this.tick(), ms).unref();
  }

  private async tick(): Promise<void> {
    try {
      if (this.options.engine.state === 'up') await this.sweep();
    } catch {
      // It was logged, and is tried again.
    }
    this.wait(EVERY_MS);
  }

  private async announce(): Promise<void> {
    const { engine, log } = this.options;
    if (engine.state !== 'up') return;
    const tasks = await this.due();
    const whole = tasks.filter(({ table, groups }) => table !== 'exemplars' && groups === null);
    const part = tasks.filter(({ table, groups }) => table !== 'exemplars' && groups !== null);
    const daysOf = (some: readonly Task[]) => [...new Set(some.map(({ day }) => showDay(day)))];
    if (whole.length + part.length === 0) return;
    const groups = groupsOf(this.policy);
    const matches = [...new Set(part.flatMap((task) => task.groups ?? []))].map(
      (at) => groups[at]!.match || 'the rest',
    );
    log.warn(
      {
        ...(whole.length > 0 && { droppedDays: daysOf(whole) }),
        ...(whole.length > 0 && { samples: whole.reduce((sum, { rows }) => sum + rows, 0) }),
        ...(part.length > 0 && { clearedDays: daysOf(part), of: matches }),
        inSeconds: (this.options.firstAfterMs ?? FIRST_AFTER_MS) / 1000,
      },
      'retention will delete samples',
    );
  }

  /** What there is to do under the rules as they are, the oldest day first. */
  private async due(): Promise<Task[]> {
    const { engine, now } = this.options;
    const groups = groupsOf(this.policy);
    const tasks: Task[] = [];
    let nextAt: number | null = null;
    for (const table of SERIES_TABLES) {
      const stored = await storedDays(engine, table);
      const byDay = new Map(stored.map((one) => [one.day, one]));
      const plan = planRetention([...byDay.keys()], groups, now());
      if (plan.nextAt !== null) nextAt = Math.min(nextAt ?? plan.nextAt, plan.nextAt);
      for (const day of plan.drop) tasks.push({ table, ...byDay.get(day)!, groups: null, policy: 'all' });
      if (plan.clear.length === 0) continue;
      const done = await doneDays(engine, table);
      for (const { day, groups: expired } of plan.clear) {
        const task = { table, ...byDay.get(day)!, groups: expired, policy: policyName(groups, expired) };
        const before = done.get(day);
        const isDone = before?.policy === task.policy;
        if (isDone && (before.block === task.block || now() - before.at < AGAIN_MS)) continue;
        tasks.push(task);
      }
    }
    this.nextAt = nextAt;
    return tasks;
  }

  private async sweepNow(): Promise<Swept> {
    const { log } = this.options;
    try {
      const { swept, failures } = await this.carryOut();
      if (swept.samples > 0) {
        this.last = swept;
        log.info({ ...swept }, 'retention deleted samples');
      }
      if (failures.length > 0) throw new Error(failures.join('; '));
      this.error = '';
      return swept;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.error) log.warn({ reason }, 'retention could not go on and will try again');
      this.error = reason;
      throw error;
    }
  }

  /** What could be done, and what could not. */
  private async carryOut(): Promise<{ swept: Swept; failures: string[] }> {
    const { engine, now } = this.options;
    const { policy } = this;
    const at = now();
    const tasks = await this.due();
    const dropped = new Set<Day>();
    const cleared = new Set<Day>();
    let samples = 0;
    const sweep = randomUUID();
    const wanted = new Set(tasks.flatMap(({ groups }) => groups ?? []));
    if (wanted.size > 0) await writeGroups(engine, sweep, this.seriesOf(policy, wanted));
    const failures: string[] = [];
    for (const task of tasks) {
      if (this.closed || this.policy !== policy) break;
      try {
        const gone = await this.carryOutOne(task, sweep);
        if (task.table === 'exemplars' || gone === 0) continue;
        (task.groups ? cleared : dropped).add(task.day);
        samples += gone;
      } catch (error) {
        // The other days have nothing to do with it.
        failures.push(
          `${task.table} of ${showDay(task.day)}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    const seriesGone = await this.mark(samples > 0);
    const shown = (days: Set<Day>) => [...days].map(showDay);
    const swept = { at, droppedDays: shown(dropped), clearedDays: shown(cleared), samples, seriesGone };
    return { swept, failures };
  }

  /** How many samples went. */
  private async carryOutOne(task: Task, sweep: string): Promise<number> {
    const { engine, derived, deletions, now } = this.options;
    const { table, day, groups, block } = task;
    const gone = groups ? await countDay(engine, table, day, sweep, groups) : task.rows;
    const drop = () => dropDay(engine, table, day);
    if (groups !== null) {
      if (gone > 0) await clearDay(engine, deletions, table, task, sweep, { groups, samples: gone });
    } else if (table === 'samples') {
      await (gone > 0 ? derived.hours.change(hoursOf(day), drop) : drop());
      await derived.dropDay(day);
    } else await drop();
    await noteDone(engine, table, { day, policy: task.policy, block, samples: gone, at: now() });
    return gone;
  }

  /** Looks for series without samples when some were deleted; what a person deleted or another process, once a day. */
  private async mark(deleted: boolean): Promise<number> {
    const { engine, now } = this.options;
    if (this.closed) return 0;
    if (!deleted) {
      if (now() - this.checkedAt < DAY_MS) return this.last?.seriesGone ?? 0;
      this.checkedAt = now();
      if (!(await isMarkDue(engine))) return 0;
    }
    return markGone(engine, now());
  }

  /** Those of the groups; others have their turn in between. */
  private async *seriesOf(
    policy: MetricRetention,
    wanted: ReadonlySet<number>,
  ): AsyncGenerator<{ group: number; id: bigint }> {
    const { series } = this.options;
    const choose = groupChooser(policy);
    // What becomes known later comes with later samples, and so with a higher block.
    const { size } = series;
    for (let number = 0; number < size; number++) {
      if (number % SLICE === SLICE - 1) await turn();
      const { id, labels } = series.at(number);
      const group = choose(labels);
      if (wanted.has(group)) yield { group, id };
    }
  }
}

const sameRules = (a: MetricRetention, b: MetricRetention): boolean =>
  JSON.stringify(groupsOf(a)) === JSON.stringify(groupsOf(b));

/** Under other rules a day is looked at again, but not because a rule that had no part in it was given another age. */
const policyName = (groups: readonly RetentionGroup[], expired: readonly number[]): string =>
  JSON.stringify([groups.map(({ match }) => match), expired]);
