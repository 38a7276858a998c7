import type { Node } from '../objects.ts';
import { hostPort, type MetaLabels, noTargets, objectLabels, sanitized, type Targets, targets } from './meta-labels.ts';

/** Kinds of addresses, the most wanted first. */
const wanted = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

function conditionLabels({ conditions }: Node): MetaLabels {
  return Object.fromEntries(
    conditions.map(([type, status]) => [`node_condition_${sanitized(type.toLowerCase())}`, status.toLowerCase()]),
  );
}

/** As discovery/kubernetes/node.go of Prometheus. A node without an address has no target. */
export function nodeTargets(node: Node): Targets {
  // Of several addresses of a kind the first counts.
  const addresses = new Map([...node.addresses].reverse());
  const kind = wanted.find((each) => addresses.has(each));
  if (kind === undefined) return noTargets;
  const meta = { node_provider_id: node.providerId, ...conditionLabels(node), ...objectLabels(node, 'node') };
  const target = Object.fromEntries(
    [...addresses].map(([type, address]) => [`node_address_${sanitized(type)}`, address]),
  );
  const address = hostPort(addresses.get(kind) ?? '', node.kubeletPort);
  return targets(meta, [{ address, meta: target, instance: node.name }]);
}
