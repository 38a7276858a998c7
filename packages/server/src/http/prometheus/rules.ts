import { createHash } from 'node:crypto';
import { compileMatchers } from '@nightshift/promql';
import type { GroupView, RuleManager } from '../../watch/rule-manager.ts';
import type { RuleState } from '../../watch/rule-state.ts';
import type { PrometheusDeps } from './deps.ts';
import { invalidParameter } from './failure.ts';
import type { Parameters } from './parameters.ts';
import { get, type Route } from './route.ts';
import { alertsOf, groupAnswer, ruleAnswer } from './rule-answer.ts';

const kinds: Readonly<Record<string, RuleState['rule']['kind'] | undefined>> = {
  alert: 'alerting',
  record: 'recording',
};

/** Go's strconv.ParseBool. */
const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  '0': false,
  f: false,
  false: false,
};

function excludesAlerts(parameters: Parameters): boolean {
  const text = parameters.text('exclude_alerts').toLowerCase();
  if (text === '') return false;
  const value = booleans[text];
  if (value !== undefined) return value;
  const reason = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw invalidParameter('exclude_alerts', `error converting exclude_alerts: ${reason}`);
}

interface Page {
  readonly size: number;
  /** The token of the first group that is wanted, '' for the first of all. */
  readonly from: string;
}

function pageOf(parameters: Parameters): Page {
  const limit = parameters.text('group_limit');
  const from = parameters.text('group_next_token');
  if (from !== '' && limit === '') {
    const reason = 'group_limit needs to be present in order to paginate over the groups';
    throw invalidParameter('group_next_token', reason);
  }
  if (limit === '') return { size: Number.POSITIVE_INFINITY, from: '' };
  if (!/^[+-]?\d{1,10}$/.test(limit)) {
    const reason = `strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`;
    throw invalidParameter('group_limit', `group_limit needs to be a valid number: ${reason}`);
  }
  if (Number(limit) <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { size: Number(limit), from };
}

const tokenOf = ({ group }: GroupView): string =>
  createHash('sha256').update(`${group.file};${group.name}`).digest('hex');

function ruleFilter(parameters: Parameters): (view: RuleState) => boolean {
  const type = parameters.text('type').toLowerCase();
  const kind = kinds[type];
  if (type !== '' && !kind) throw invalidParameter('type', `not supported value "${type}"`);
  const names = new Set(parameters.all('rule_name[]'));
  const selectors = parameters.selectors({ named: false }).map((matchers) => compileMatchers(matchers));
  return ({ rule }) => {
    if (kind && rule.kind !== kind) return false;
    if (names.size > 0 && !names.has(rule.name)) return false;
    if (selectors.length === 0) return true;
    // Labels that are made from a template only when the rule fires match nothing.
    const labels = new Map(Object.entries(rule.labels).filter(([, value]) => !value.includes('{{')));
    return selectors.some((matches) => matches(labels));
  };
}

function groupFilter(parameters: Parameters): (view: GroupView) => boolean {
  const names = new Set(parameters.all('rule_group[]'));
  const files = new Set(parameters.all('file[]'));
  return ({ group }) => (names.size === 0 || names.has(group.name)) && (files.size === 0 || files.has(group.file));
}

/** Groups in order, each with the rules that are wanted; a group without any is left out. */
function rulesAnswer(manager: RuleManager, parameters: Parameters): object {
  const wantsGroup = groupFilter(parameters);
  const wantsRule = ruleFilter(parameters);
  const withAlerts = !excludesAlerts(parameters);
  const { size, from } = pageOf(parameters);
  const all = manager.groups();
  const start = from === '' ? 0 : all.findIndex((group) => tokenOf(group) === from);
  if (start < 0) {
    const reason = `invalid group_next_token '${from}'. were rule groups changed?`;
    throw invalidParameter('group_next_token', reason);
  }
  const groups: object[] = [];
  for (const view of all.slice(start).filter(wantsGroup)) {
    const rules = view.rules.filter(wantsRule);
    if (rules.length === 0) continue;
    if (groups.length === size) return { groups, groupNextToken: tokenOf(view) };
    groups.push(
      groupAnswer(
        view,
        rules.map((rule) => ruleAnswer(rule, withAlerts)),
      ),
    );
  }
  return { groups };
}

export const ruleRoutes = ({ rules }: PrometheusDeps): Route[] => [
  get('/rules', ({ parameters }) => ({ data: rulesAnswer(rules, parameters) })),
  get('/alerts', () => ({ data: { alerts: rules.groups().flatMap((group) => group.rules.flatMap(alertsOf)) } })),
  // Nobody is told of alerts by way of an Alertmanager.
  get('/alertmanagers', () => ({ data: { activeAlertmanagers: [], droppedAlertmanagers: [] } })),
];
