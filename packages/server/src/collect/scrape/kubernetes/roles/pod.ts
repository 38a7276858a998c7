import type { Container, Pod } from '../objects.ts';
import {
  type Address,
  hostPort,
  type MetaLabels,
  namespaceMetadata,
  nodeMetadata,
  noTargets,
  objectLabels,
  type Targets,
  targets,
} from './meta-labels.ts';
import type { Related } from './related.ts';

/** What made the pod, and what made that: a deployment its replica set, a cron job its job. */
function controllerLabels({ namespace, controller }: Pod, related: Related): MetaLabels {
  if (!controller) return {};
  const { attach } = related;
  const meta: MetaLabels = { pod_controller_kind: controller.kind, pod_controller_name: controller.name };
  if (controller.kind === 'ReplicaSet' && attach.deployment) {
    const above = related.find('replicasets', namespace, controller.name)?.controller;
    if (above?.kind === 'Deployment') meta.pod_deployment_name = above.name;
  }
  if (controller.kind === 'Job') {
    if (attach.job) meta.pod_job_name = controller.name;
    const above = attach.cronjob ? related.find('jobs', namespace, controller.name)?.controller : undefined;
    if (above?.kind === 'CronJob') meta.pod_cronjob_name = above.name;
  }
  return meta;
}

export const podLabels = (pod: Pod, related: Related): MetaLabels => ({
  pod_ip: pod.ip,
  pod_ready: pod.ready,
  pod_phase: pod.phase,
  pod_node_name: pod.nodeName,
  pod_host_ip: pod.hostIp,
  pod_uid: pod.uid,
  ...objectLabels(pod, 'pod'),
  ...controllerLabels(pod, related),
});

export const containerLabels = ({ name, image, isInit }: Container): MetaLabels => ({
  pod_container_name: name,
  pod_container_image: image,
  pod_container_init: String(isInit),
});

export const containerPortLabels = (name: string, number: number, protocol: string): MetaLabels => ({
  pod_container_port_name: name,
  pod_container_port_number: String(number),
  pod_container_port_protocol: protocol,
});

/** One target for each port of a container; a container without any has one with the bare address. */
function containerTargets(container: Container, ip: string): Address[] {
  const meta = { ...containerLabels(container), pod_container_id: container.id };
  if (container.ports.length === 0) return [{ address: ip, meta }];
  return container.ports.map(({ name, number, protocol }) => ({
    address: hostPort(ip, number),
    meta: { ...meta, ...containerPortLabels(name, number, protocol) },
  }));
}

/** As discovery/kubernetes/pod.go of Prometheus. */
export function podTargets(pod: Pod, related: Related): Targets {
  if (pod.ip === '') return noTargets;
  // A node that is not found is one that the selector of nodes leaves out.
  if (related.attach.node && !related.find('nodes', '', pod.nodeName)) return noTargets;
  const meta = {
    ...podLabels(pod, related),
    namespace: pod.namespace,
    ...nodeMetadata(related, pod.nodeName),
    ...namespaceMetadata(related, pod.namespace),
  };
  return targets(
    meta,
    pod.containers.flatMap((container) => containerTargets(container, pod.ip)),
  );
}
