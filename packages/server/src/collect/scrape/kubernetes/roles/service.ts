import type { Service } from '../objects.ts';
import { hostPort, type MetaLabels, namespaceMetadata, objectLabels, type Targets, targets } from './meta-labels.ts';
import type { Related } from './related.ts';

export const serviceLabels = (service: Service): MetaLabels => ({
  namespace: service.namespace,
  ...objectLabels(service, 'service'),
});

function addressLabels({ type, clusterIp, externalName, loadBalancerIp }: Service): MetaLabels {
  return {
    service_type: type,
    ...(type === 'ExternalName' ? { service_external_name: externalName } : { service_cluster_ip: clusterIp }),
    ...(type === 'LoadBalancer' && { service_loadbalancer_ip: loadBalancerIp }),
  };
}

/** As discovery/kubernetes/service.go of Prometheus. */
export function serviceTargets(service: Service, related: Related): Targets {
  const { namespace, name } = service;
  const found = service.ports.map((port) => ({
    address: hostPort(`${name}.${namespace}.svc`, port.number),
    meta: {
      service_port_name: port.name,
      service_port_number: String(port.number),
      service_port_protocol: port.protocol,
      ...addressLabels(service),
    },
  }));
  const meta = { ...serviceLabels(service), ...namespaceMetadata(related, namespace) };
  return targets(meta, found);
}
