import { createHash } from 'node:crypto';
import type { TargetGroup } from '../discovery.ts';
import type { ApiServer, Collection } from './api-server.ts';
import type { RetryTimes } from './back-off.ts';
import type { KubernetesSdConfig } from './config.ts';
import { Dependents } from './dependents.ts';
import { ObjectCache } from './object-cache.ts';
import type { KubernetesObject } from './objects.ts';
import { keyOf, type ObjectsByResource, type ResourceName, resources } from './resources.ts';
import { type Role, roles } from './roles/index.ts';
import { noTargets } from './roles/meta-labels.ts';
import type { Related } from './roles/related.ts';

export interface Retry {
  readonly times: RetryTimes;
  readonly random: () => number;
}

export type AnyCache = ObjectCache<KubernetesObject>;

/** All that is kept of the cluster, by kind and namespace; '' for the whole cluster. */
type Caches = Map<ResourceName, Map<string, AnyCache>>;

function attachedResources({ attachMetadata: attach }: KubernetesSdConfig, { attachable }: Role): ResourceName[] {
  const wanted = (key: keyof typeof attach): boolean => attach[key] && attachable.includes(key);
  return [
    ...(wanted('node') ? (['nodes'] as const) : []),
    ...(wanted('namespace') ? (['namespaces'] as const) : []),
    ...(wanted('deployment') ? (['replicasets'] as const) : []),
    ...(wanted('cronjob') ? (['jobs'] as const) : []),
  ];
}

function collectionOf(name: ResourceName, namespace: string, { selectors }: KubernetesSdConfig): Collection {
  const { api, selectedBy, metadataOnly = false } = resources[name];
  const selector = selectors.find(({ role }) => role === selectedBy);
  return {
    name,
    path: `${api}/${namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`}${name}`,
    labelSelector: selector?.label ?? '',
    fieldSelector: selector?.field ?? '',
    metadataOnly,
  };
}

const fingerprint = ({ targets, labels }: Omit<TargetGroup, 'source'>): string =>
  createHash('sha1')
    .update(JSON.stringify([targets.map((target) => [...target]), [...labels]]))
    .digest('base64');

/** Takes some ten milliseconds. */
const groupsAtOnce = 250;

/** The groups of a role, made anew from the caches whenever something that they are made from changes. */
export class Groups {
  readonly #role: Role;
  readonly #caches: Caches = new Map();
  readonly #dependents = new Dependents();
  readonly #told = new Map<string, string>();
  /** Objects of the role whose groups are to be made anew. */
  readonly #dirty = new Set<string>();
  #flushing: NodeJS.Immediate | undefined;

  constructor(
    private readonly config: KubernetesSdConfig,
    private readonly found: (groups: readonly TargetGroup[]) => void,
  ) {
    this.#role = roles[config.role];
  }

  /** The caches to fill. */
  open(server: ApiServer, namespaces: readonly string[], failed: (reason: string) => void, retry: Retry): AnyCache[] {
    const { primary, joined } = this.#role;
    const names = [primary, ...joined, ...attachedResources(this.config, this.#role)];
    return names.flatMap((name) => {
      const scopes = resources[name].namespaced ? namespaces : [''];
      return scopes.map((namespace) => {
        const cache: AnyCache = new ObjectCache<KubernetesObject>(
          server,
          collectionOf(name, namespace, this.config),
          resources[name].read,
          { listed: () => this.#listed(), changed: (key) => this.#changed(name, key), failed },
          retry.times,
          retry.random,
        );
        const scoped = this.#caches.get(name) ?? new Map<string, AnyCache>();
        this.#caches.set(name, scoped.set(namespace, cache));
        return cache;
      });
    });
  }

  close(): void {
    clearImmediate(this.#flushing);
  }

  #cache(name: ResourceName, namespace: string): AnyCache | undefined {
    const scoped = this.#caches.get(name);
    return scoped?.get(namespace) ?? scoped?.get('');
  }

  /** Whether enough is known to tell the targets of a namespace: half of it would be targets with other labels, or of other nodes. */
  #isReady(namespace: string): boolean {
    const { late } = this.#role;
    return [...this.#caches.keys()]
      .filter((name) => !late.includes(name))
      .every((name) => this.#cache(name, namespace)?.isListed ?? true);
  }

  #listed(): void {
    for (const [namespace, cache] of this.#caches.get(this.#role.primary) ?? []) {
      if (this.#isReady(namespace)) for (const key of cache.keys()) this.#dirty.add(key);
    }
    this.#soon();
  }

  #changed(name: ResourceName, key: string): void {
    if (name === this.#role.primary) this.#dirty.add(key);
    for (const dependent of this.#dependents.of(`${name} ${key}`)) this.#dirty.add(dependent);
    this.#soon();
  }

  #soon(): void {
    this.#flushing ??= setImmediate(() => {
      this.#flushing = undefined;
      this.#flush();
    });
  }

  /** Some at a time, so that a large cluster holds nothing else up. */
  #flush(): void {
    const changes: TargetGroup[] = [];
    let made = 0;
    for (const key of this.#dirty) {
      if (made++ === groupsAtOnce) break;
      this.#dirty.delete(key);
      const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
      if (!this.#isReady(namespace)) continue;
      const change = this.#remake(key, this.#cache(this.#role.primary, namespace)?.get(key));
      if (change) changes.push(change);
    }
    if (this.#dirty.size > 0) this.#soon();
    if (changes.length > 0) this.found(changes);
  }

  /** Undefined where nothing is new. */
  #remake(key: string, object: KubernetesObject | undefined): TargetGroup | undefined {
    const used = new Set<string>();
    const source = `${this.#role.source}/${key}`;
    const group = { source, ...(object ? this.#role.targets(object, this.#related(used)) : noTargets) };
    this.#dependents.set(key, used);
    const before = this.#told.get(source);
    if (!object) {
      this.#told.delete(source);
      return before === undefined ? undefined : group;
    }
    const now = fingerprint(group);
    if (before === now) return undefined;
    this.#told.set(source, now);
    return group;
  }

  #related(used: Set<string>): Related {
    return {
      attach: this.config.attachMetadata,
      find: <Name extends ResourceName>(name: Name, namespace: string, own: string) => {
        const key = keyOf({ namespace, name: own });
        used.add(`${name} ${key}`);
        return this.#cache(name, namespace)?.get(key) as ObjectsByResource[Name] | undefined;
      },
    };
  }
}
