import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultHttpClient, type HttpClientConfig, noTls } from '../config/types.ts';
import type { KubernetesSdConfig } from './config.ts';
import { readKubeconfig } from './kubeconfig.ts';

/** Where the API server of a cluster is, and with what it is asked. */
export interface ClusterAccess {
  readonly server: string;
  readonly http: HttpClientConfig;
  /** Of the pod that this process runs in; '' where nobody asked for it. */
  readonly ownNamespace: string;
}

/** Where a pod finds the account that it runs under. */
export interface PodSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountDir: string;
}

export const podSurroundings = (): PodSurroundings => ({
  env: process.env,
  serviceAccountDir: '/var/run/secrets/kubernetes.io/serviceaccount',
});

async function ownNamespace(dir: string): Promise<string> {
  const file = join(dir, 'namespace');
  const name = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`could not determine the pod's namespace: ${file}: ${error.code ?? error.message}`);
  });
  if (name.trim() === '') throw new Error('could not read own namespace name (empty file)');
  return name.trim();
}

/**
 * The service account of the pod that this process runs in
 * (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/). Its token and certificate are files that are
 * renewed from time to time, so they are read whenever they are needed.
 */
async function inCluster({ namespaces }: KubernetesSdConfig, surroundings: PodSurroundings): Promise<ClusterAccess> {
  const { env, serviceAccountDir: dir } = surroundings;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) {
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    http: {
      ...defaultHttpClient,
      authorization: { type: 'Bearer', credentials: { text: '', file: join(dir, 'token') } },
      tls: { ...noTls, ca: { text: '', file: join(dir, 'ca.crt') } },
    },
    ownNamespace: namespaces.own ? await ownNamespace(dir) : '',
  };
}

/** The cluster that a configuration names: by an address, by a kubeconfig, or else the one around this process. */
export async function accessOf(config: KubernetesSdConfig, surroundings: PodSurroundings): Promise<ClusterAccess> {
  if (config.kubeconfigFile !== '') return readKubeconfig(config.kubeconfigFile);
  if (config.apiServer === '') return inCluster(config, surroundings);
  return { server: config.apiServer, http: config.http, ownNamespace: '' };
}
