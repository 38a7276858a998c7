import {
  fieldsOf,
  isSet,
  itemsOf,
  numberOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  type Pairs,
  pairsOf,
  textOf,
  textsOf,
} from './json.ts';

/**
 * What is kept of the objects of the Kubernetes API (https://kubernetes.io/docs/reference/kubernetes-api/): no more than
 * their targets' labels need.
 */
export interface KubernetesObject {
  readonly name: string;
  /** '' for an object of the whole cluster. */
  readonly namespace: string;
  readonly labels: Pairs;
  readonly annotations: Pairs;
}

/** The object that made another one and looks after it. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export interface Owned extends KubernetesObject {
  readonly controller: Owner | undefined;
}

export interface ContainerPort {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  /** '' until it has run. */
  readonly id: string;
  readonly isInit: boolean;
  readonly ports: readonly ContainerPort[];
}

export interface Pod extends Owned {
  readonly uid: string;
  /** '' while it starts, and when it was evicted. */
  readonly ip: string;
  readonly hostIp: string;
  readonly nodeName: string;
  readonly phase: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  /** Those of initialization come last. */
  readonly containers: readonly Container[];
}

export interface Service extends KubernetesObject {
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  readonly loadBalancerIp: string;
  readonly ipFamilyPolicy: string;
  readonly ipFamilies: readonly string[];
  readonly ports: readonly ContainerPort[];
}

/** What an address belongs to, such as a pod. */
export interface TargetRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface EndpointAddress {
  readonly ip: string;
  readonly hostname: string;
  readonly nodeName: string | undefined;
  readonly targetRef: TargetRef | undefined;
}

export interface EndpointSubset {
  readonly ports: readonly ContainerPort[];
  readonly ready: readonly EndpointAddress[];
  readonly notReady: readonly EndpointAddress[];
}

export interface Endpoints extends KubernetesObject {
  readonly subsets: readonly EndpointSubset[];
}

export interface SlicePort {
  readonly name: string | undefined;
  readonly number: number | undefined;
  readonly protocol: string | undefined;
  readonly appProtocol: string | undefined;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: string | undefined;
  readonly serving: string | undefined;
  readonly terminating: string | undefined;
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  readonly topology: Pairs;
  readonly targetRef: TargetRef | undefined;
}

export interface EndpointSlice extends KubernetesObject {
  readonly addressType: string;
  /** '' where no service is named. */
  readonly serviceName: string;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface IngressRule {
  readonly host: string;
  /** Undefined for a rule without any HTTP part. */
  readonly paths: readonly string[] | undefined;
}

export interface Ingress extends KubernetesObject {
  readonly className: string | undefined;
  readonly rules: readonly IngressRule[];
  readonly tlsHosts: readonly string[];
}

export interface Node extends KubernetesObject {
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly conditions: Pairs;
  /** Kind and address. */
  readonly addresses: Pairs;
}

export function objectOf(value: unknown): KubernetesObject {
  const { metadata } = fieldsOf(value);
  const { name, namespace, labels, annotations } = fieldsOf(metadata);
  return {
    name: textOf(name),
    namespace: textOf(namespace),
    labels: pairsOf(labels),
    annotations: pairsOf(annotations),
  };
}

export function ownedOf(value: unknown): Owned {
  const { ownerReferences } = fieldsOf(fieldsOf(value).metadata);
  const controller = itemsOf(ownerReferences)
    .map(fieldsOf)
    .find((owner) => owner.controller === true);
  return {
    ...objectOf(value),
    controller: controller && { kind: textOf(controller.kind), name: textOf(controller.name) },
  };
}

/** A replica set or job: only who made it counts. */
export const onlyOwnerOf = (value: unknown): Owned => ({ ...ownedOf(value), labels: [], annotations: [] });

const portsOf = (value: unknown, number: string): ContainerPort[] =>
  itemsOf(value)
    .map(fieldsOf)
    .map((port) => ({ name: textOf(port.name), number: numberOf(port[number]), protocol: textOf(port.protocol) }));

function containersOf(specs: unknown, statuses: unknown, isInit: boolean): Container[] {
  const known = itemsOf(statuses).map(fieldsOf);
  return itemsOf(specs)
    .map(fieldsOf)
    .map(({ name, image, ports }) => ({
      name: textOf(name),
      image: textOf(image),
      id: textOf(known.find((status) => status.name === name)?.containerID),
      isInit,
      ports: portsOf(ports, 'containerPort'),
    }));
}

export function podOf(value: unknown): Pod {
  const { metadata, spec, status } = fieldsOf(value);
  const { containers, initContainers, nodeName } = fieldsOf(spec);
  const { podIP, hostIP, phase, conditions, containerStatuses, initContainerStatuses } = fieldsOf(status);
  const ready = itemsOf(conditions)
    .map(fieldsOf)
    .find((condition) => condition.type === 'Ready');
  return {
    ...ownedOf(value),
    uid: textOf(fieldsOf(metadata).uid),
    ip: textOf(podIP),
    hostIp: textOf(hostIP),
    nodeName: textOf(nodeName),
    phase: textOf(phase),
    ready: ready ? textOf(ready.status).toLowerCase() : 'unknown',
    containers: [
      ...containersOf(containers, containerStatuses, false),
      ...containersOf(initContainers, initContainerStatuses, true),
    ],
  };
}

export function serviceOf(value: unknown): Service {
  const spec = fieldsOf(fieldsOf(value).spec);
  return {
    ...objectOf(value),
    type: textOf(spec.type),
    clusterIp: textOf(spec.clusterIP),
    externalName: textOf(spec.externalName),
    loadBalancerIp: textOf(spec.loadBalancerIP),
    ipFamilyPolicy: textOf(spec.ipFamilyPolicy),
    ipFamilies: textsOf(spec.ipFamilies),
    ports: portsOf(spec.ports, 'port'),
  };
}

function targetRefOf(value: unknown): TargetRef | undefined {
  if (!isSet(value)) return undefined;
  const { kind, namespace, name } = fieldsOf(value);
  return { kind: textOf(kind), namespace: textOf(namespace), name: textOf(name) };
}

const addressesOf = (value: unknown): EndpointAddress[] =>
  itemsOf(value)
    .map(fieldsOf)
    .map(({ ip, hostname, nodeName, targetRef }) => ({
      ip: textOf(ip),
      hostname: textOf(hostname),
      nodeName: optionalText(nodeName),
      targetRef: targetRefOf(targetRef),
    }));

export function endpointsOf(value: unknown): Endpoints {
  const subsets = itemsOf(fieldsOf(value).subsets).map(fieldsOf);
  return {
    ...objectOf(value),
    subsets: subsets.map(({ ports, addresses, notReadyAddresses }) => ({
      ports: portsOf(ports, 'port'),
      ready: addressesOf(addresses),
      notReady: addressesOf(notReadyAddresses),
    })),
  };
}

const slicePortsOf = (value: unknown): SlicePort[] =>
  itemsOf(value)
    .map(fieldsOf)
    .map(({ name, port, protocol, appProtocol }) => ({
      name: optionalText(name),
      number: optionalNumber(port),
      protocol: optionalText(protocol),
      appProtocol: optionalText(appProtocol),
    }));

function sliceEndpointOf(value: unknown): SliceEndpoint {
  const { addresses, conditions, hostname, nodeName, zone, deprecatedTopology, targetRef } = fieldsOf(value);
  const { ready, serving, terminating } = fieldsOf(conditions);
  return {
    addresses: textsOf(addresses),
    ready: optionalFlag(ready),
    serving: optionalFlag(serving),
    terminating: optionalFlag(terminating),
    hostname: optionalText(hostname),
    nodeName: optionalText(nodeName),
    zone: optionalText(zone),
    topology: pairsOf(deprecatedTopology),
    targetRef: targetRefOf(targetRef),
  };
}

export function endpointSliceOf(value: unknown): EndpointSlice {
  const { addressType, ports, endpoints } = fieldsOf(value);
  const object = objectOf(value);
  return {
    ...object,
    addressType: textOf(addressType),
    serviceName: object.labels.find(([name]) => name === 'kubernetes.io/service-name')?.[1] ?? '',
    ports: slicePortsOf(ports),
    endpoints: itemsOf(endpoints).map(sliceEndpointOf),
  };
}

export function ingressOf(value: unknown): Ingress {
  const { ingressClassName, rules, tls } = fieldsOf(fieldsOf(value).spec);
  return {
    ...objectOf(value),
    className: optionalText(ingressClassName),
    rules: itemsOf(rules)
      .map(fieldsOf)
      .map(({ host, http }) => ({
        host: textOf(host),
        paths: isSet(http) ? itemsOf(fieldsOf(http).paths).map((path) => textOf(fieldsOf(path).path)) : undefined,
      })),
    tlsHosts: itemsOf(tls).flatMap((entry) => textsOf(fieldsOf(entry).hosts)),
  };
}

export function nodeOf(value: unknown): Node {
  const { spec, status } = fieldsOf(value);
  const { daemonEndpoints, conditions, addresses } = fieldsOf(status);
  const pairs = (list: unknown, first: string, second: string): Pairs =>
    itemsOf(list)
      .map(fieldsOf)
      .map((item) => [textOf(item[first]), textOf(item[second])] as const);
  return {
    ...objectOf(value),
    providerId: textOf(fieldsOf(spec).providerID),
    kubeletPort: numberOf(fieldsOf(fieldsOf(daemonEndpoints).kubeletEndpoint).Port),
    conditions: pairs(conditions, 'type', 'status'),
    addresses: pairs(addresses, 'type', 'address'),
  };
}
