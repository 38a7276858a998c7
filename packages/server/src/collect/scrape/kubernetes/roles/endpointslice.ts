import type { EndpointSlice, Service, SliceEndpoint, SlicePort } from '../objects.ts';
import {
  type Address,
  hostPort,
  type MetaLabels,
  namespaceMetadata,
  nodeMetadata,
  objectLabels,
  sanitized,
  type Targets,
  targets,
} from './meta-labels.ts';
import { PodPorts } from './pod-ports.ts';
import type { Related } from './related.ts';
import { serviceLabels } from './service.ts';

/** Labels under their prefix, without those that are not known. */
const known = (prefix: string, values: Readonly<Record<string, string | undefined>>): MetaLabels =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[prefix + name, value]])),
  );

function topologyLabels({ topology }: SliceEndpoint): MetaLabels {
  const meta: MetaLabels = {};
  for (const [name, value] of topology) {
    meta[`endpointslice_endpoint_topology_${sanitized(name)}`] = value;
    meta[`endpointslice_endpoint_topology_present_${sanitized(name)}`] = 'true';
  }
  return meta;
}

const endpointLabels = (endpoint: SliceEndpoint, port: SlicePort): MetaLabels => ({
  ...known('endpointslice_', {
    port_name: port.name,
    port_protocol: port.protocol,
    port: port.number === undefined ? undefined : String(port.number),
    port_app_protocol: port.appProtocol,
    address_target_kind: endpoint.targetRef?.kind,
    address_target_name: endpoint.targetRef?.name,
  }),
  ...known('endpointslice_endpoint_', {
    conditions_ready: endpoint.ready,
    conditions_serving: endpoint.serving,
    conditions_terminating: endpoint.terminating,
    hostname: endpoint.hostname,
    node_name: endpoint.nodeName,
    zone: endpoint.zone,
  }),
  ...topologyLabels(endpoint),
});

/** Whether the slice has the second kind of addresses of a service with two: the same targets once more. */
function isSecondFamily(service: Service | undefined, { addressType }: EndpointSlice): boolean {
  if (!service || !['PreferDualStack', 'RequireDualStack'].includes(service.ipFamilyPolicy)) return false;
  const [first] = service.ipFamilies;
  return first !== undefined && addressType !== first;
}

/** As discovery/kubernetes/endpointslice.go of Prometheus. */
export function endpointSliceTargets(slice: EndpointSlice, related: Related): Targets {
  const { namespace, serviceName } = slice;
  const service = serviceName === '' ? undefined : related.find('services', namespace, serviceName);
  const meta = {
    namespace,
    endpointslice_address_type: slice.addressType,
    ...objectLabels(slice, 'endpointslice'),
    ...(service && serviceLabels(service)),
    ...namespaceMetadata(related, namespace),
  };
  const pods = new PodPorts(related);
  const target = (address: string, endpoint: SliceEndpoint, port: SlicePort): Address => {
    const { targetRef, nodeName } = endpoint;
    return {
      address: port.number === undefined ? address : hostPort(address, port.number),
      meta: {
        ...endpointLabels(endpoint, port),
        ...nodeMetadata(related, targetRef?.kind === 'Node' ? targetRef.name : nodeName),
        ...pods.labelsOf(targetRef, port.number, ({ protocol }) => protocol),
      },
    };
  };
  const found = isSecondFamily(service, slice)
    ? []
    : slice.endpoints.flatMap((endpoint) =>
        slice.ports.flatMap((port) => endpoint.addresses.map((address) => target(address, endpoint, port))),
      );
  return targets(meta, [...found, ...pods.uncovered()]);
}
