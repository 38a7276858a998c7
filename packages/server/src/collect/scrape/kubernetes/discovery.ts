import { setMaxListeners } from 'node:events';
import type { Discovery, TargetGroup } from '../discovery.ts';
import { createHttpClient, type HttpClient } from '../http/client.ts';
import { reasonOf } from '../sd/refresh.ts';
import { accessOf, type ClusterAccess, type PodSurroundings, podSurroundings } from './access.ts';
import { ApiServer } from './api-server.ts';
import { BackOff, defaultRetryTimes, type RetryTimes } from './back-off.ts';
import type { KubernetesSdConfig } from './config.ts';
import { Groups } from './groups.ts';

export interface KubernetesDeps {
  readonly surroundings?: PodSurroundings;
  readonly retry?: RetryTimes;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

type Found = (groups: readonly TargetGroup[]) => void;
type Failed = (reason: string) => void;

function namespacesOf({ namespaces }: KubernetesSdConfig, ownNamespace: string): string[] {
  if (namespaces.names.length === 0 && !namespaces.own) return [''];
  return [...new Set([...namespaces.names, ...(ownNamespace === '' ? [] : [ownNamespace])])];
}

/**
 * Targets that the API server of a Kubernetes cluster knows
 * (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config), told as soon as it
 * tells of a change.
 */
export function kubernetesDiscovery(config: KubernetesSdConfig, deps: KubernetesDeps = {}): Discovery {
  const stop = new AbortController();
  const { signal } = stop;
  // One for each cache that waits, and there are as many as namespaces times kinds.
  setMaxListeners(0, signal);
  const retry = { times: deps.retry ?? defaultRetryTimes, random: deps.random ?? Math.random };
  let groups: Groups | undefined;
  let client: HttpClient | undefined;
  let running: Promise<unknown> | undefined;

  async function access(failed: Failed): Promise<ClusterAccess | undefined> {
    const backOff = new BackOff(retry.times, retry.random);
    while (!signal.aborted) {
      try {
        return await accessOf(config, deps.surroundings ?? podSurroundings());
      } catch (error) {
        failed(error instanceof Error ? reasonOf(error) : String(error));
        await backOff.wait(0, signal);
      }
    }
    return undefined;
  }

  async function run(found: Found, failed: Failed): Promise<void> {
    const cluster = await access(failed);
    if (!cluster || signal.aborted) return;
    client = createHttpClient(cluster.http);
    groups = new Groups(config, found);
    const server = new ApiServer(client, cluster.server);
    const caches = groups.open(server, namespacesOf(config, cluster.ownNamespace), failed, retry);
    await Promise.all(caches.map((cache) => cache.run(signal)));
  }

  return {
    start: (found, failed) => {
      running = run(found, failed);
    },
    close: async () => {
      stop.abort();
      await running;
      groups?.close();
      await client?.close();
    },
  };
}
