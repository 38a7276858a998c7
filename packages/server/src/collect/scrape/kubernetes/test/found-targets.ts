import { readYaml } from '../../config/yaml-node.ts';
import type { TargetGroup } from '../../discovery.ts';
import type { KubernetesRole, KubernetesSdConfig } from '../config.ts';
import { readKubernetesSd } from '../config.ts';
import { type KubernetesDeps, kubernetesDiscovery } from '../discovery.ts';

export const configOf = (text: string): KubernetesSdConfig =>
  readYaml(text, 'prometheus.yml', (root) => readKubernetesSd(root, '/etc/nightshift'));

/** A configuration for a server, with further lines. */
export const roleConfig = (role: KubernetesRole, server: string, more = ''): KubernetesSdConfig =>
  configOf(`role: ${role}\napi_server: ${server}\n${more}`);

/** Labels by the source of their group, the labels of the group among those of every target. */
export type Found = Record<string, readonly Readonly<Record<string, string>>[]>;

const targetsOf = ({ targets, labels }: TargetGroup) =>
  targets.map((target) => Object.fromEntries([...labels, ...target].sort(([a], [b]) => (a < b ? -1 : 1))));

/** A discovery that runs, and what it has told so far. */
export class Finding {
  readonly groups = new Map<string, TargetGroup>();
  /** Sources in the order of their coming. */
  readonly told: string[] = [];
  readonly failures: string[] = [];
  readonly #discovery: ReturnType<typeof kubernetesDiscovery>;

  constructor(config: KubernetesSdConfig, deps: KubernetesDeps = {}) {
    this.#discovery = kubernetesDiscovery(config, { retry: { firstMs: 2, mostMs: 20 }, ...deps });
    this.#discovery.start(
      (groups) => {
        for (const group of groups) {
          this.told.push(group.source);
          this.groups.set(group.source, group);
        }
      },
      (reason) => this.failures.push(reason),
    );
  }

  /** Groups that have targets. */
  get targets(): Found {
    const full = [...this.groups.values()].filter(({ targets }) => targets.length > 0);
    const sorted = full.sort((a, b) => (a.source < b.source ? -1 : 1));
    return Object.fromEntries(sorted.map((group) => [group.source, targetsOf(group)]));
  }

  close(): Promise<void> {
    return this.#discovery.close();
  }
}
