import { describe, expect, it } from 'vitest';
import { readYaml, ScrapeConfigError } from '../config/yaml-node.ts';
import { readKubernetesSd } from './config.ts';

const read = (text: string) => readYaml(text, 'p.yml', (root) => readKubernetesSd(root, '/etc/nightshift'));

function mistakes(text: string): readonly string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    if (error instanceof ScrapeConfigError) return error.offences;
    throw error;
  }
}

describe('kubernetes_sd_configs', () => {
  it('has everything filled in', () => {
    const config = read(`
role: endpoints
kubeconfig_file: kube/config
namespaces: { names: [a, b] }
attach_metadata: { node: true }
selectors: [{ role: pod, label: "app in (a, b),!old" }, { role: service, field: "metadata.name!=x" }]
`);
    expect(config).toMatchObject({
      role: 'endpoints',
      apiServer: '',
      kubeconfigFile: '/etc/nightshift/kube/config',
      namespaces: { own: false, names: ['a', 'b'] },
      selectors: [
        { role: 'pod', label: 'app in (a, b),!old', field: '' },
        { role: 'service', label: '', field: 'metadata.name!=x' },
      ],
      attachMetadata: { node: true, namespace: false, deployment: false, job: false, cronjob: false },
    });
  });

  it('may name what is the default of the HTTP client anyway', () => {
    expect(mistakes('{ role: pod, follow_redirects: true, enable_http2: true }')).toEqual([]);
  });

  it.each([
    ['{}', 'p.yml:1: role missing (one of: pod, service, endpoints, endpointslice, node, ingress)'],
    ['role: vacation', 'p.yml:1: role: unknown Kubernetes SD role "vacation"'],
    [
      '{ role: node, api_server: "https://a", kubeconfig_file: b }',
      "p.yml:1: cannot use 'kubeconfig_file' and 'api_server' simultaneously",
    ],
    [
      '{ role: node, kubeconfig_file: b, bearer_token: t }',
      "p.yml:1: cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
    ],
    [
      '{ role: node, enable_http2: false }',
      "p.yml:1: to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
    ],
    [
      '{ role: pod, api_server: "https://a", namespaces: { own_namespace: true } }',
      "p.yml:1: namespaces: cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
    ],
    [
      '{ role: pod, kubeconfig_file: a, namespaces: { own_namespace: true } }',
      "p.yml:1: namespaces: cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously",
    ],
    [
      '{ role: service, selectors: [{ role: pod }] }',
      'p.yml:1: selectors[0]: service role supports only service selectors',
    ],
    [
      '{ role: pod, selectors: [{ role: pod }, { role: pod }] }',
      'p.yml:1: selectors[1]: duplicated selector role: pod',
    ],
    [
      '{ role: pod, selectors: [{ role: pod, field: "metadata.name" }] }',
      'p.yml:1: selectors[0].field: invalid selector',
    ],
    ['{ role: pod, selectors: [{ role: pod, label: "a in b" }] }', 'p.yml:1: selectors[0].label: unable to parse'],
    [
      '{ role: pod, namespaces: { name: [a] } }',
      'p.yml:1: namespaces.name: there is no such key; did you mean `names`?',
    ],
    ['{ role: pod, attach_metadata: { nodes: true } }', 'p.yml:1: attach_metadata.nodes: there is no such key'],
  ])('refuses %s', (text, mistake) => {
    const [first = '', ...others] = mistakes(text);
    expect(first.slice(0, mistake.length)).toBe(mistake);
    expect(others).toEqual([]);
  });
});
