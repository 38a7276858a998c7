import type { DiscoveryConfig } from './config/types.ts';
import type { Discovery } from './discovery.ts';
import type { KubernetesSdConfig } from './kubernetes/config.ts';
import { kubernetesDiscovery } from './kubernetes/discovery.ts';
import { type DnsSdConfig, dnsDiscovery } from './sd/dns.ts';
import { type FileSdConfig, fileDiscovery } from './sd/file.ts';
import { type HttpSdConfig, httpDiscovery } from './sd/http.ts';

/** What a discovery may need of its surroundings. */
export interface DiscoveryDeps {
  /** Name servers that are asked in place of the system's. */
  readonly dnsServers?: readonly string[];
}

type Start<T> = (config: T, deps: DiscoveryDeps) => Discovery;

// Each reader of `sd/readers.ts` gives what the discovery of its key takes.
const kind = <T>(start: Start<T>): Start<unknown> => start as Start<unknown>;

/** Every kind of discovery, by its key in a job. */
export const discoveries: Readonly<Record<string, Start<unknown>>> = {
  file_sd_configs: kind<FileSdConfig>((config) => fileDiscovery(config)),
  http_sd_configs: kind<HttpSdConfig>((config) => httpDiscovery(config)),
  dns_sd_configs: kind<DnsSdConfig>((config, { dnsServers }) => dnsDiscovery(config, dnsServers)),
  kubernetes_sd_configs: kind<KubernetesSdConfig>((config) => kubernetesDiscovery(config)),
};

export function startDiscovery({ kind: key, config }: DiscoveryConfig, deps: DiscoveryDeps): Discovery {
  const start = discoveries[key];
  if (!start) throw new Error(`${key} is not supported by this build`);
  return start(config, deps);
}
