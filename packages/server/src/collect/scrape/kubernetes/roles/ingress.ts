import type { Ingress, IngressRule } from '../objects.ts';
import { type Address, namespaceMetadata, objectLabels, type Targets, targets } from './meta-labels.ts';
import type { Related } from './related.ts';

/** Whether a host is the one of a certificate, whose first part may be `*`. */
function isCovered(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const [first, ...rest] = pattern.split('.');
  const [, ...parts] = host.split('.');
  return first === '*' && rest.length === parts.length && rest.every((part, i) => part === parts[i]);
}

function ruleTargets({ host, paths = ['/'] }: IngressRule, tlsHosts: readonly string[]): Address[] {
  const scheme = tlsHosts.some((pattern) => isCovered(pattern, host)) ? 'https' : 'http';
  return paths.map((path) => ({
    address: host,
    meta: { ingress_scheme: scheme, ingress_host: host, ingress_path: path || '/' },
  }));
}

/** As discovery/kubernetes/ingress.go of Prometheus. */
export function ingressTargets(ingress: Ingress, related: Related): Targets {
  const { namespace, className } = ingress;
  const meta = {
    namespace,
    ...(className !== undefined && { ingress_class_name: className }),
    ...objectLabels(ingress, 'ingress'),
    ...namespaceMetadata(related, namespace),
  };
  return targets(
    meta,
    ingress.rules.flatMap((rule) => ruleTargets(rule, ingress.tlsHosts)),
  );
}
