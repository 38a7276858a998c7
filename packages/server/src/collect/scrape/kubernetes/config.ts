import { isDeepStrictEqual } from 'node:util';
import { absolute, httpClientKeys, readHttpClient } from '../config/http-client.ts';
import { defaultHttpClient, type HttpClientConfig } from '../config/types.ts';
import type { YamlNode } from '../config/yaml-node.ts';

export const kubernetesRoles = ['pod', 'service', 'endpoints', 'endpointslice', 'node', 'ingress'] as const;

export type KubernetesRole = (typeof kubernetesRoles)[number];

export interface KubernetesSdConfig {
  readonly role: KubernetesRole;
  /** '' for the service account of the pod that this process runs in, unless there is a kubeconfig. */
  readonly apiServer: string;
  readonly kubeconfigFile: string;
  readonly http: HttpClientConfig;
  readonly namespaces: { readonly own: boolean; readonly names: readonly string[] };
  /** Selectors in the notation of the Kubernetes API, by the role of what they select. */
  readonly selectors: readonly { readonly role: KubernetesRole; readonly label: string; readonly field: string }[];
  readonly attachMetadata: {
    readonly node: boolean;
    readonly namespace: boolean;
    readonly deployment: boolean;
    readonly job: boolean;
    readonly cronjob: boolean;
  };
}

const selectable: Record<KubernetesRole, readonly KubernetesRole[]> = {
  pod: ['pod', 'node'],
  service: ['service'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  endpoints: ['pod', 'service', 'endpoints'],
  node: ['node'],
  ingress: ['ingress'],
};

const roleList = kubernetesRoles.join(', ');

function readRole(node: YamlNode): KubernetesRole | undefined {
  const role = kubernetesRoles.find((known) => known === node.text());
  if (!role && !node.isEmpty)
    node.fail(`unknown Kubernetes SD role ${JSON.stringify(node.text())}; one of: ${roleList}`);
  return role;
}

/** `a=b,c!=d`, each with a key and an operator. */
const isFieldSelector = (text: string): boolean =>
  text.trim() === '' || text.split(/(?<!\\),/).every((term) => /^[^=!]+(!=|==|=)/.test(term));

const labelKey = String.raw`(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?`;
const labelTerm = new RegExp(
  String.raw`^\s*(?:!?\s*${labelKey}|${labelKey}\s*(?:=|==|!=|>|<)\s*[A-Za-z0-9_.-]*|${labelKey}\s+(?:not)?in\s*\([^()]*\))\s*$`,
);

const isLabelSelector = (text: string): boolean =>
  text.trim() === '' || text.split(/,(?![^(]*\))/).every((term) => labelTerm.test(term));

function readSelectors(node: YamlNode, role: KubernetesRole | undefined): KubernetesSdConfig['selectors'] {
  const seen = new Set<string>();
  return node.items().flatMap((item) => {
    item.expectKeys(['role', 'label', 'field']);
    const own = readRole(item.get('role'));
    const [label, field] = [item.get('label').text(), item.get('field').text()];
    if (seen.has(own ?? '')) item.fail(`duplicated selector role: ${own ?? ''}`);
    seen.add(own ?? '');
    if (role && (!own || !selectable[role].includes(own))) {
      item.fail(`${role} role supports only ${selectable[role].join(', ')} selectors`);
    }
    if (!isFieldSelector(field)) item.get('field').fail(`invalid selector: ${JSON.stringify(field)}`);
    if (!isLabelSelector(label)) item.get('label').fail(`unable to parse the label selector ${JSON.stringify(label)}`);
    return own ? [{ role: own, label, field }] : [];
  });
}

/** `kubernetes_sd_configs` (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config). */
export function readKubernetesSd(node: YamlNode, dir: string): KubernetesSdConfig {
  const own = ['role', 'api_server', 'kubeconfig_file', 'namespaces', 'selectors', 'attach_metadata'];
  node.expectKeys([...own, ...httpClientKeys]);
  const role = readRole(node.get('role'));
  if (node.get('role').isEmpty) node.fail(`role missing (one of: ${roleList})`);
  const apiServer = node.get('api_server').text();
  const kubeconfigFile = absolute(dir, node.get('kubeconfig_file').text());
  const namespaces = node.get('namespaces').expectKeys(['own_namespace', 'names']);
  const ownNamespace = namespaces.get('own_namespace').flag(false);
  const http = readHttpClient(node, dir);
  const customHttp = !isDeepStrictEqual(http, defaultHttpClient) || !node.get('enable_http2').flag(true);
  if (apiServer !== '' && kubeconfigFile !== '') {
    node.fail("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  } else if (kubeconfigFile !== '' && customHttp) {
    node.fail("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  } else if (apiServer === '' && customHttp) {
    node.fail("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (apiServer !== '' && !URL.canParse(apiServer)) node.get('api_server').fail('is not an address');
  for (const [key, value] of Object.entries({ api_server: apiServer, kubeconfig_file: kubeconfigFile })) {
    if (value !== '' && ownNamespace) {
      namespaces.fail(`cannot use '${key}' and 'namespaces.own_namespace' simultaneously`);
    }
  }
  const attach = node.get('attach_metadata').expectKeys(['node', 'namespace', 'deployment', 'job', 'cronjob']);
  const attached = (key: string) => attach.get(key).flag(false);
  return {
    role: role ?? 'pod',
    apiServer,
    kubeconfigFile,
    http,
    namespaces: { own: ownNamespace, names: namespaces.get('names').texts() },
    selectors: readSelectors(node.get('selectors'), role),
    attachMetadata: {
      node: attached('node'),
      namespace: attached('namespace'),
      deployment: attached('deployment'),
      job: attached('job'),
      cronjob: attached('cronjob'),
    },
  };
}
