import { readFileSync } from 'node:fs';
import { formatValue } from '@nightshift/promql';
import { encodeWriteRequest, type WriteSeries } from '@nightshift/wire';
import type { JournalRecord } from '../collect/record.ts';
import type { MetricQueries } from '../query/promql.ts';
import { fillTemplate } from './annotation.ts';
import { parseRuleFile, type RuleGroup } from './rule-file.ts';
import { elementsOf, RuleState, restoredTimes } from './rule-state.ts';

export interface RuleManagerDeps {
  readonly queries: MetricQueries;
  /** Takes what the rules give, like any other telemetry. */
  readonly take: (record: JournalRecord) => Promise<void>;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

interface GroupState {
  readonly group: RuleGroup;
  readonly rules: readonly RuleState[];
  lastEvaluation: number | null;
  evaluationMs: number;
}

const restoreWindow = '1h';

export interface RuleManager {
  /** Evaluates every group once at `at` (Unix milliseconds), rules in order, and stores what they give. */
  evaluate(at: number): Promise<void>;
  start(): void;
  close(): Promise<void>;
  /** `data` of the Prometheus HTTP API's /rules and /alerts. */
  rulesAnswer(): unknown;
  alertsAnswer(): unknown;
}

/** Reads rule files; throws RuleFileError with every mistake of the first file that has any. */
export function loadRuleFiles(files: readonly string[], defaultIntervalMs: number): RuleGroup[] {
  return files.flatMap((file) => parseRuleFile(readFileSync(file, 'utf8'), file, defaultIntervalMs));
}

const iso = (ms: number | null): string => (ms === null ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());

function alertAnswers(state: RuleState): object[] {
  const { rule } = state;
  if (rule.kind !== 'alerting') return [];
  return [...state.alerts.values()]
    .filter((alert) => alert.state !== 'resolved')
    .map((alert) => ({
      labels: Object.fromEntries(alert.labels),
      annotations: Object.fromEntries(
        Object.entries(rule.annotations).map(([key, text]) => [key, fillTemplate(text, alert.labels, alert.value)]),
      ),
      state: alert.state,
      activeAt: iso(alert.activeAt),
      value: formatValue(alert.value),
    }));
}

function ruleAnswer(state: RuleState): object {
  const { rule } = state;
  const health = state.lastError ? 'err' : state.lastEvaluation === null ? 'unknown' : 'ok';
  const common = {
    name: rule.name,
    query: rule.query,
    labels: rule.labels,
    health,
    ...(state.lastError ? { lastError: state.lastError } : {}),
    evaluationTime: state.evaluationMs / 1000,
    lastEvaluation: iso(state.lastEvaluation),
  };
  if (rule.kind === 'recording') return { ...common, type: 'recording' };
  const alerts = alertAnswers(state);
  const states = [...state.alerts.values()].map((alert) => alert.state);
  const worst = states.includes('firing') ? 'firing' : states.includes('pending') ? 'pending' : 'inactive';
  const { annotations, forMs, keepFiringMs } = rule;
  return {
    ...common,
    type: 'alerting',
    state: worst,
    duration: forMs / 1000,
    keepFiringFor: keepFiringMs / 1000,
    annotations,
    alerts,
  };
}

class Manager implements RuleManager {
  readonly #groups: readonly GroupState[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();

  constructor(
    groups: readonly RuleGroup[],
    private readonly deps: RuleManagerDeps,
  ) {
    this.#groups = groups.map((group) => ({
      group,
      rules: group.rules.map((rule) => new RuleState(rule)),
      lastEvaluation: null,
      evaluationMs: 0,
    }));
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

  async #evaluateRule(state: RuleState, at: number): Promise<WriteSeries[]> {
    const from = this.deps.now();
    try {
      const elements = elementsOf(await this.deps.queries.instant(state.rule.query, at));
      const output = state.take(elements, at, await this.#restored(state, at));
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

  async #evaluateGroup(group: GroupState, at: number): Promise<void> {
    const from = this.deps.now();
    for (const state of group.rules) {
      const output = await this.#evaluateRule(state, at);
      if (output.length === 0) continue;
      // Stored rule by rule: a later rule of the group may read what an earlier one recorded.
      const body = encodeWriteRequest(output);
      try {
        await this.deps.take({ kind: 'remote-write', format: 'protobuf', receivedAt: at, body });
      } catch (error) {
        state.lastError = `evaluated, but not stored: ${error instanceof Error ? error.message : error}`;
      }
    }
    group.lastEvaluation = at;
    group.evaluationMs = this.deps.now() - from;
  }

  start(): void {
    for (const group of this.#groups) this.#schedule(group);
  }

  #schedule(group: GroupState): void {
    const { intervalMs } = group.group;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        const run = this.#evaluateGroup(group, this.deps.now()).finally(() => {
          this.#running.delete(run);
          if (!this.#closed) this.#schedule(group);
        });
        this.#running.add(run);
      },
      intervalMs - (this.deps.now() % intervalMs),
    );
    this.#timers.add(timer);
  }

  #closed = false;

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.allSettled([...this.#running]);
  }

  rulesAnswer(): unknown {
    return {
      groups: this.#groups.map(({ group, rules, lastEvaluation, evaluationMs }) => ({
        name: group.name,
        file: group.file,
        interval: group.intervalMs / 1000,
        limit: 0,
        rules: rules.map(ruleAnswer),
        evaluationTime: evaluationMs / 1000,
        lastEvaluation: iso(lastEvaluation),
      })),
    };
  }

  alertsAnswer(): unknown {
    return { alerts: this.#groups.flatMap(({ rules }) => rules.flatMap(alertAnswers)) };
  }
}

/** Rules on their schedule. Nothing runs before start(). */
export function createRuleManager(groups: readonly RuleGroup[], deps: RuleManagerDeps): RuleManager {
  return new Manager(groups, deps);
}
