import type { KubernetesRole } from './config.ts';
import {
  type EndpointSlice,
  type Endpoints,
  endpointSliceOf,
  endpointsOf,
  type Ingress,
  ingressOf,
  type KubernetesObject,
  type Node,
  nodeOf,
  type Owned,
  objectOf,
  onlyOwnerOf,
  type Pod,
  podOf,
  type Service,
  serviceOf,
} from './objects.ts';

export interface ObjectsByResource {
  readonly pods: Pod;
  readonly services: Service;
  readonly endpoints: Endpoints;
  readonly endpointslices: EndpointSlice;
  readonly ingresses: Ingress;
  readonly nodes: Node;
  readonly namespaces: KubernetesObject;
  readonly replicasets: Owned;
  readonly jobs: Owned;
}

export type ResourceName = keyof ObjectsByResource;

export interface Resource<T extends KubernetesObject> {
  /** Group and version as they stand in a path. */
  readonly api: string;
  readonly namespaced: boolean;
  /** The role whose selectors choose among these objects. */
  readonly selectedBy?: KubernetesRole;
  /** Whether the server may leave out all but the metadata. */
  readonly metadataOnly?: boolean;
  readonly read: (value: unknown) => T;
}

export const resources: { readonly [Name in ResourceName]: Resource<ObjectsByResource[Name]> } = {
  pods: { api: 'api/v1', namespaced: true, selectedBy: 'pod', read: podOf },
  services: { api: 'api/v1', namespaced: true, selectedBy: 'service', read: serviceOf },
  endpoints: { api: 'api/v1', namespaced: true, selectedBy: 'endpoints', read: endpointsOf },
  endpointslices: {
    api: 'apis/discovery.k8s.io/v1',
    namespaced: true,
    selectedBy: 'endpointslice',
    read: endpointSliceOf,
  },
  ingresses: { api: 'apis/networking.k8s.io/v1', namespaced: true, selectedBy: 'ingress', read: ingressOf },
  nodes: { api: 'api/v1', namespaced: false, selectedBy: 'node', read: nodeOf },
  namespaces: { api: 'api/v1', namespaced: false, metadataOnly: true, read: objectOf },
  replicasets: { api: 'apis/apps/v1', namespaced: true, metadataOnly: true, read: onlyOwnerOf },
  jobs: { api: 'apis/batch/v1', namespaced: true, metadataOnly: true, read: onlyOwnerOf },
};

/** An object's name within the cluster. */
export const keyOf = ({ namespace, name }: Pick<KubernetesObject, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`;
