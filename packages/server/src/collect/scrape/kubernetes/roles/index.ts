import type { KubernetesRole, KubernetesSdConfig } from '../config.ts';
import type { KubernetesObject } from '../objects.ts';
import type { ResourceName } from '../resources.ts';
import { endpointsTargets } from './endpoints.ts';
import { endpointSliceTargets } from './endpointslice.ts';
import { ingressTargets } from './ingress.ts';
import type { Targets } from './meta-labels.ts';
import { nodeTargets } from './node.ts';
import { podTargets } from './pod.ts';
import type { Related } from './related.ts';
import { serviceTargets } from './service.ts';

type Attachment = keyof KubernetesSdConfig['attachMetadata'];

/** How the targets of a role are found: a group for each object of `primary`. */
export interface Role {
  readonly primary: ResourceName;
  /** What the labels are made from besides. */
  readonly joined: readonly ResourceName[];
  readonly attachable: readonly Attachment[];
  /** Without these, groups are told all the same, and told again when they are there. */
  readonly late: readonly ResourceName[];
  /** Stands before an object's name in the source of its group. */
  readonly source: string;
  /** `object` is one of `primary`. */
  targets(object: KubernetesObject, related: Related): Targets;
}

const everything: readonly Attachment[] = ['node', 'namespace', 'deployment', 'job', 'cronjob'];

const simple = { joined: [], late: [], attachable: ['namespace'] } as const;

const ofServices = { joined: ['services', 'pods'], late: ['replicasets', 'jobs'], attachable: everything } as const;

export const roles: Readonly<Record<KubernetesRole, Role>> = {
  pod: { ...simple, primary: 'pods', source: 'pod', attachable: everything, targets: podTargets },
  service: { ...simple, primary: 'services', source: 'svc', targets: serviceTargets },
  endpoints: { ...ofServices, primary: 'endpoints', source: 'endpoints', targets: endpointsTargets },
  endpointslice: { ...ofServices, primary: 'endpointslices', source: 'endpointslice', targets: endpointSliceTargets },
  ingress: { ...simple, primary: 'ingresses', source: 'ingress', targets: ingressTargets },
  node: { ...simple, primary: 'nodes', source: 'node', attachable: [], targets: nodeTargets },
};
