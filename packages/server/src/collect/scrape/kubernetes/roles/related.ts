import type { KubernetesSdConfig } from '../config.ts';
import type { ObjectsByResource, ResourceName } from '../resources.ts';

/** The other objects of the cluster that an object's labels are made from. */
export interface Related {
  /** Which of them are wanted in labels. */
  readonly attach: KubernetesSdConfig['attachMetadata'];
  /** Undefined where there is no such object, or where nobody looks for objects of that kind. */
  find<Name extends ResourceName>(resource: Name, namespace: string, name: string): ObjectsByResource[Name] | undefined;
}
