import {
  type NameValidation,
  type RelabelAction,
  type RelabelRule,
  relabelActions,
  relabelDefaults,
  relabelMistake,
} from '../../relabel/rule.ts';
import type { YamlNode } from './yaml-node.ts';

const keys = ['source_labels', 'separator', 'regex', 'modulus', 'target_label', 'replacement', 'action'];

function readRule(node: YamlNode, validation: NameValidation, what: string): RelabelRule {
  if (node.isEmpty) node.fail(`empty or null ${what}`);
  node.expectKeys(keys);
  const optional = (key: string) => (node.get(key).isGiven ? node.get(key).text() : undefined);
  const action = node.get('action').isGiven ? node.get('action').text() : relabelDefaults.action;
  const known = (relabelActions as readonly string[]).includes(action.toLowerCase());
  const modulus = node.get('modulus').text() || '0';
  const isWhole = /^\d{1,20}$/.test(modulus);
  if (!isWhole) node.get('modulus').fail(`${JSON.stringify(modulus)} is not a whole number`);
  const rule: RelabelRule = {
    action: known ? (action.toLowerCase() as RelabelAction) : '',
    sourceLabels: node.get('source_labels').isGiven ? node.get('source_labels').texts() : undefined,
    separator: optional('separator'),
    regex: optional('regex'),
    modulus: isWhole ? BigInt(modulus) : 1n,
    targetLabel: optional('target_label'),
    replacement: optional('replacement'),
  };
  if (!known && action !== '') {
    node.get('action').fail(`unknown relabel action ${JSON.stringify(action)}; allowed: ${relabelActions.join(', ')}`);
    return rule;
  }
  const mistake = node.isEmpty ? '' : relabelMistake(rule, validation);
  if (mistake !== '') node.fail(mistake);
  return rule;
}

/** Reads a list of relabelling rules; `what` names one of them in messages. */
export const readRelabelRules = (node: YamlNode, validation: NameValidation, what: string): RelabelRule[] =>
  node.items().map((item) => readRule(item, validation, what));
