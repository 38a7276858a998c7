import { isLabelName } from '../../relabel/rule.ts';
import type { YamlNode } from '../config/yaml-node.ts';
import type { TargetGroup } from '../discovery.ts';

const keys = ['targets', 'labels'];

/** One group of `static_configs` or of a YAML file: addresses, and labels of all of them. */
export function readGroup(node: YamlNode, source: string): TargetGroup {
  node.expectKeys(keys);
  const labels = node.get('labels').textMap();
  for (const name of labels.keys()) {
    if (!isLabelName(name, 'utf8')) node.get('labels').fail(`${JSON.stringify(name)} is not a valid label name`);
  }
  const targets = node.get('targets').texts();
  return { source, targets: targets.map((address) => new Map([['__address__', address]])), labels };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function groupOf(value: unknown, i: number, sourceOf: (i: number) => string): TargetGroup {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`item ${i} is no target group`);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`item ${i}: unknown field ${JSON.stringify(unknown)}`);
  const { targets = [], labels = {} } = value as Record<string, unknown>;
  if (targets !== null && !isTexts(targets)) throw new Error(`item ${i}: "targets" must be a list of texts`);
  if (labels !== null && (typeof labels !== 'object' || !isTexts(Object.values(labels)))) {
    throw new Error(`item ${i}: "labels" must be a map of texts`);
  }
  const addresses = (targets ?? []).map((address) => new Map([['__address__', address]]));
  return {
    source: sourceOf(i),
    targets: addresses,
    labels: new Map(Object.entries((labels ?? {}) as Record<string, string>)),
  };
}

/** Target groups as JSON. Throws an Error that says what is not right about them. */
export function parseGroups(json: string, sourceOf: (i: number) => string): TargetGroup[] {
  const value: unknown = JSON.parse(json);
  if (value === null) return [];
  if (!Array.isArray(value)) throw new Error('not a list of target groups');
  return value.map((item, i) => groupOf(item, i, sourceOf));
}

/** Every group with one more label. */
export const withLabel = (groups: readonly TargetGroup[], name: string, value: string): TargetGroup[] =>
  groups.map((group) => ({ ...group, labels: new Map([...group.labels, [name, value]]) }));

/** What ends the groups of `before` that are not among `groups`. */
export function endedGroups(before: Iterable<string>, groups: readonly TargetGroup[]): TargetGroup[] {
  const present = new Set(groups.map(({ source }) => source));
  return [...before]
    .filter((source) => !present.has(source))
    .map((source) => ({ source, targets: [], labels: new Map() }));
}
