import { formatExpr } from '@nightshift/promql';
import { fillTemplate } from '../../watch/annotation.ts';
import type { GroupView } from '../../watch/rule-manager.ts';
import type { RuleState } from '../../watch/rule-state.ts';
import { iso } from './times.ts';

/** Go's strconv.FormatFloat(value, 'e', -1, 64): the exponent has two digits at least. */
export function formatExponent(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

export function alertsOf(state: RuleState): object[] {
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
      value: formatExponent(alert.value),
    }));
}

export function ruleAnswer(state: RuleState, withAlerts: boolean): object {
  const { rule, lastError, lastEvaluation } = state;
  const common = {
    name: rule.name,
    query: formatExpr(rule.expr),
    labels: rule.labels,
    health: lastError !== '' ? 'err' : lastEvaluation === null ? 'unknown' : 'ok',
    ...(lastError !== '' && { lastError }),
    evaluationTime: state.evaluationMs / 1000,
    lastEvaluation: iso(lastEvaluation),
  };
  if (rule.kind === 'recording') return { ...common, type: 'recording' };
  const states = [...state.alerts.values()].map((alert) => alert.state);
  return {
    ...common,
    type: 'alerting',
    state: states.includes('firing') ? 'firing' : states.includes('pending') ? 'pending' : 'inactive',
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringMs / 1000,
    annotations: rule.annotations,
    // As there, absent alerts are null, not an empty list.
    alerts: withAlerts ? alertsOf(state) : null,
  };
}

export function groupAnswer({ group, lastEvaluation, evaluationMs }: GroupView, rules: readonly object[]): object {
  return {
    name: group.name,
    file: group.file,
    interval: group.intervalMs / 1000,
    limit: group.limit,
    rules,
    evaluationTime: evaluationMs / 1000,
    lastEvaluation: iso(lastEvaluation),
  };
}
