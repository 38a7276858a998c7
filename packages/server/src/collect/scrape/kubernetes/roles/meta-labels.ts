import type { Labels } from '@nightshift/wire';
import type { TargetGroup } from '../../discovery.ts';
import type { KubernetesObject } from '../objects.ts';
import type { Related } from './related.ts';

/** Labels without the prefix that all of them have; an empty one is the same as none. */
export type MetaLabels = Record<string, string>;

const prefix = '__meta_kubernetes_';

/** What a label name cannot have becomes `_`, one for each character. */
export const sanitized = (name: string): string => name.replace(/[^a-zA-Z0-9_]/gu, '_');

function annotationsAndLabels({ labels, annotations }: KubernetesObject, what: string): MetaLabels {
  const meta: MetaLabels = {};
  for (const [kind, pairs] of [
    ['label', labels],
    ['annotation', annotations],
  ] as const) {
    for (const [name, value] of pairs) {
      meta[`${what}_${kind}_${sanitized(name)}`] = value;
      meta[`${what}_${kind}present_${sanitized(name)}`] = 'true';
    }
  }
  return meta;
}

/** Name, labels and annotations of an object. */
export const objectLabels = (object: KubernetesObject, what: string): MetaLabels => ({
  [`${what}_name`]: object.name,
  ...annotationsAndLabels(object, what),
});

/** Of the node that something runs on. */
export function nodeMetadata(related: Related, name: string | undefined): MetaLabels {
  if (!related.attach.node || name === undefined) return {};
  const node = related.find('nodes', '', name);
  return node ? objectLabels(node, 'node') : {};
}

/** Of the namespace that something is in; its name is a label of everything in it. */
export function namespaceMetadata(related: Related, name: string): MetaLabels {
  if (!related.attach.namespace) return {};
  const namespace = related.find('namespaces', '', name);
  return namespace ? annotationsAndLabels(namespace, 'namespace') : {};
}

function labelsOf(meta: MetaLabels, more: Readonly<Record<string, string>> = {}): Labels {
  const entries = Object.entries(meta)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [prefix + name, value] as const);
  return new Map([...Object.entries(more), ...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Address {
  readonly address: string;
  readonly meta: MetaLabels;
  readonly instance?: string;
}

/** What there is to scrape of one object. */
export type Targets = Omit<TargetGroup, 'source'>;

export const targets = (meta: MetaLabels, addresses: readonly Address[]): Targets => ({
  labels: labelsOf(meta),
  targets: addresses.map(({ address, meta, instance }) =>
    labelsOf(meta, { __address__: address, ...(instance !== undefined && { instance }) }),
  ),
});

export const noTargets: Targets = { labels: new Map(), targets: [] };

/** Host and port of an address; those of IPv6 stand in brackets. */
export const hostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
