import type { ContainerPort, EndpointAddress, Endpoints } from '../objects.ts';
import {
  type Address,
  hostPort,
  type MetaLabels,
  namespaceMetadata,
  nodeMetadata,
  objectLabels,
  type Targets,
  targets,
} from './meta-labels.ts';
import { PodPorts } from './pod-ports.ts';
import type { Related } from './related.ts';
import { serviceLabels } from './service.ts';

function addressLabels(address: EndpointAddress, port: ContainerPort, isReady: boolean): MetaLabels {
  const { targetRef, nodeName, hostname } = address;
  return {
    endpoint_port_name: port.name,
    endpoint_port_protocol: port.protocol,
    endpoint_ready: String(isReady),
    endpoint_hostname: hostname,
    ...(targetRef && { endpoint_address_target_kind: targetRef.kind, endpoint_address_target_name: targetRef.name }),
    ...(nodeName !== undefined && { endpoint_node_name: nodeName }),
  };
}

/** As discovery/kubernetes/endpoints.go of Prometheus. */
export function endpointsTargets(endpoints: Endpoints, related: Related): Targets {
  const { namespace, name } = endpoints;
  const pods = new PodPorts(related);
  const target = (address: EndpointAddress, port: ContainerPort, isReady: boolean): Address => {
    const { targetRef } = address;
    const node = address.nodeName ?? (targetRef?.kind === 'Node' ? targetRef.name : undefined);
    const meta = {
      ...addressLabels(address, port, isReady),
      ...nodeMetadata(related, node),
      ...pods.labelsOf(targetRef, port.number, () => port.protocol),
    };
    return { address: hostPort(address.ip, port.number), meta };
  };
  const found = endpoints.subsets.flatMap(({ ports, ready, notReady }) =>
    ports.flatMap((port) => [
      ...ready.map((address) => target(address, port, true)),
      ...notReady.map((address) => target(address, port, false)),
    ]),
  );
  const service = related.find('services', namespace, name);
  const meta = {
    namespace,
    ...(service && serviceLabels(service)),
    ...objectLabels(endpoints, 'endpoints'),
    ...namespaceMetadata(related, namespace),
  };
  return targets(meta, [...found, ...pods.uncovered()]);
}
