import { encodeWriteRequest, type WriteSeries } from '@nightshift/wire';
import type { JournalRecord } from '../collect/record.ts';
import type { MetricQueries } from '../query/promql.ts';
import type { Rule, RuleGroup } from './rule-file.ts';
import { elementsOf, RuleState, restoredTimes } from './rule-state.ts';

export interface RuleManagerDeps {
  readonly queries: MetricQueries;
  /** Takes what the rules give, like any other telemetry. */
  readonly take: (record: JournalRecord) => Promise<void>;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

/** A group as it is now. Times are Unix milliseconds. */
export interface GroupView {
  readonly group: RuleGroup;
  readonly rules: readonly RuleState[];
  readonly lastEvaluation: number | null;
  readonly evaluationMs: number;
}

export interface Reload {
  /** '' when the last one went well. */
  readonly error: string;
  readonly succeededAt: number;
  readonly failedAt: number | null;
}

export interface RuleManager {
  /** Evaluates every group once at `at` (Unix milliseconds), rules in order, and stores what they give. */
  evaluate(at: number): Promise<void>;
  start(): void;
  close(): Promise<void>;
  /**
   * Loads anew and runs what `load` gives from now on: a rule that was there before keeps its alerts, the series of one
   * that is gone are ended. What `load` throws is thrown on, and the running rules stay.
   */
  reload(load: () => readonly RuleGroup[]): Promise<void>;
  lastReload(): Reload;
  /** In the order of the files. */
  groups(): readonly GroupView[];
}

const restoreWindow = '1h';

class Group implements GroupView {
  lastEvaluation: number | null = null;
  evaluationMs = 0;
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly group: RuleGroup,
    readonly rules: readonly RuleState[],
  ) {}
}

/** A rule is the same after a reload if all that it says is. */
const identityOf = ({ file, name }: RuleGroup, { expr: _, ...rule }: Rule): string =>
  JSON.stringify([file, name, rule]);

class Manager implements RuleManager {
  #groups: readonly Group[];
  #reload: Reload;
  #started = false;
  #closed = false;
  readonly #running = new Set<Promise<void>>();

  constructor(
    groups: readonly RuleGroup[],
    private readonly deps: RuleManagerDeps,
  ) {
    this.#groups = groups.map(
      (group) =>
        new Group(
          group,
          group.rules.map((rule) => new RuleState(rule)),
        ),
    );
    this.#reload = { error: '', succeededAt: deps.now(), failedAt: null };
  }

  async evaluate(at: number): Promise<void> {
    for (const group of this.#groups) await this.#evaluateGroup(group, at);
  }

  /** activeAt of what this rule had before a restart, asked for in its first evaluation only. */
  async #restored(state: RuleState, at: number): Promise<Map<string, number>> {
    if (state.lastEvaluation !== null || state.rule.kind !== 'alerting' || state.rule.forMs === 0) return new Map();
    const name = JSON.stringify(state.rule.name);
    const query = `last_over_time(ALERTS_FOR_STATE{alertname=${name}}[${restoreWindow}])`;
    return restoredTimes(elementsOf(await this.deps.queries.instant(query, at)));
  }

  async #evaluateRule({ group }: Group, state: RuleState, at: number): Promise<WriteSeries[]> {
    const from = this.deps.now();
    try {
      const elements = elementsOf(await this.deps.queries.instant(state.rule.query, at - group.queryOffsetMs));
      if (group.limit > 0 && elements.length > group.limit) {
        const what = state.rule.kind === 'alerting' ? 'alerts' : 'series';
        throw new Error(`exceeded limit of ${group.limit} with ${elements.length} ${what}`);
      }
      const output = state.take(elements, at - group.queryOffsetMs, await this.#restored(state, at));
      state.lastError = '';
      return output;
    } catch (error) {
      state.lastError = error instanceof Error ? error.message : String(error);
      this.deps.log.warn({ rule: state.rule.name, error: state.lastError }, 'a rule could not be evaluated');
      return [];
    } finally {
      state.lastEvaluation = at;
      state.evaluationMs = this.deps.now() - from;
    }
  }

  async #evaluateGroup(group: Group, at: number): Promise<void> {
    const from = this.deps.now();
    for (const state of group.rules) {
      const output = await this.#evaluateRule(group, state, at);
      // Stored rule by rule: a later rule of the group may read what an earlier one recorded.
      const error = await this.#store(output, at);
      if (error !== '') state.lastError = `evaluated, but not stored: ${error}`;
    }
    group.lastEvaluation = at;
    group.evaluationMs = this.deps.now() - from;
  }

  /** '' when it is stored, else why not. */
  async #store(output: readonly WriteSeries[], at: number): Promise<string> {
    if (output.length === 0) return '';
    try {
      const body = encodeWriteRequest(output);
      await this.deps.take({ kind: 'remote-write', format: 'protobuf', receivedAt: at, body });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  start(): void {
    this.#started = true;
    for (const group of this.#groups) this.#schedule(group);
  }

  #schedule(group: Group): void {
    if (this.#closed || !this.#started || !this.#groups.includes(group)) return;
    const { intervalMs } = group.group;
    const wait = intervalMs - (this.deps.now() % intervalMs);
    group.timer = setTimeout(() => {
      const run = this.#evaluateGroup(group, this.deps.now()).finally(() => {
        this.#running.delete(run);
        this.#schedule(group);
      });
      this.#running.add(run);
    }, wait);
  }

  async #stop(groups: readonly Group[]): Promise<void> {
    for (const group of groups) clearTimeout(group.timer);
    await Promise.allSettled([...this.#running]);
  }

  async reload(load: () => readonly RuleGroup[]): Promise<void> {
    let loaded: readonly RuleGroup[];
    try {
      loaded = load();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#reload = { ...this.#reload, error: message, failedAt: this.deps.now() };
      throw error;
    }
    const before = this.#groups;
    this.#groups = [];
    await this.#stop(before);
    const kept = new Map(
      before.flatMap(({ group, rules }) => rules.map((state) => [identityOf(group, state.rule), state] as const)),
    );
    this.#groups = loaded.map((group) => {
      const rules = group.rules.map((rule) => {
        const identity = identityOf(group, rule);
        const state = kept.get(identity);
        kept.delete(identity);
        return state ?? new RuleState(rule);
      });
      return new Group(group, rules);
    });
    const at = this.deps.now();
    const error = await this.#store(
      [...kept.values()].flatMap((state) => state.end(at)),
      at,
    );
    if (error !== '') this.deps.log.warn({ error }, 'the series of rules that are gone could not be ended');
    this.#reload = { error: '', succeededAt: at, failedAt: null };
    if (this.#started) this.start();
  }

  lastReload(): Reload {
    return this.#reload;
  }

  groups(): readonly GroupView[] {
    return this.#groups;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop(this.#groups);
  }
}

/** Rules on their schedule. Nothing runs before start(). */
export function createRuleManager(groups: readonly RuleGroup[], deps: RuleManagerDeps): RuleManager {
  return new Manager(groups, deps);
}
