import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesRoles } from './config.ts';
import { TestApiServer } from './test/api-server.ts';
import { Finding, roleConfig } from './test/found-targets.ts';
import { fill } from './test/manifests.ts';

const everything = 'attach_metadata: { node: true, namespace: true, deployment: true, job: true, cronjob: true }\n';

const server = new TestApiServer();
let url = '';
beforeAll(async () => {
  fill(server);
  url = await server.listen();
});
afterAll(() => server.close());

/** However busy the machine is. */
const patience = { timeout: 25_000 };

async function targetsOf(role: (typeof kubernetesRoles)[number], more: string) {
  const finding = new Finding(roleConfig(role, url, more));
  await expect.poll(() => finding.groups.size, patience).toBeGreaterThan(0);
  await finding.close();
  expect(finding.failures).toEqual([]);
  return finding.targets;
}

/** What the discovery of Prometheus 3.14 (its package, with the client of Kubernetes) finds in the same cluster. */
const known = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`test/targets/${name}.json`, import.meta.url), 'utf8'));

describe('targets of a Kubernetes cluster', () => {
  it.each(kubernetesRoles)('of the role %s have the labels of Prometheus', async (role) => {
    const found = await targetsOf(role, '');
    expect(found).toEqual(known(role));
  });

  it.each(kubernetesRoles)('of the role %s have what is attached of other objects', async (role) => {
    const found = await targetsOf(role, everything);
    expect(found).toEqual(known(`${role}-attached`));
  });

  it('of a pod are one for each port, and one without a port for a container that has none', async () => {
    const { 'pod/shop/web-0': web = [] } = await targetsOf('pod', '');
    expect(web.map((target) => [target.__address__, target.__meta_kubernetes_pod_container_name])).toEqual([
      ['10.1.0.7:8080', 'app'],
      ['10.1.0.7:9102', 'app'],
      ['10.1.0.7', 'sidecar'],
      ['10.1.0.7:6060', 'migrate'],
    ]);
    expect(web[0]).toMatchObject({
      __meta_kubernetes_pod_ready: 'true',
      __meta_kubernetes_pod_label_app_kubernetes_io_name: 'web',
      __meta_kubernetes_pod_labelpresent_gr__e_x: 'true',
      __meta_kubernetes_pod_annotationpresent_empty: 'true',
    });
    expect(web[0]).not.toHaveProperty('__meta_kubernetes_pod_annotation_empty');
    expect(web[3]).toMatchObject({ __meta_kubernetes_pod_container_init: 'true' });
  });

  it('of endpoints are also the ports of their pods that the service leaves out', async () => {
    const { 'endpoints/shop/web': web = [] } = await targetsOf('endpoints', '');
    const further = web.filter((target) => target.__meta_kubernetes_endpoint_ready === undefined);
    expect(further.map((target) => target.__address__)).toEqual(['10.1.0.7:9102', '[fd00::7]:80']);
  });

  it('of pods leave out those whose node the selector leaves out', async () => {
    const more = `${everything}selectors: [{ role: node, label: "topology.kubernetes.io/zone=z1" }]\n`;
    expect(Object.keys(await targetsOf('pod', more))).toEqual(['pod/shop/web-0']);
  });

  it('end where there is nothing left to scrape', async () => {
    const own = new TestApiServer();
    fill(own);
    const finding = new Finding(roleConfig('pod', await own.listen()));
    await expect.poll(() => finding.targets, patience).toHaveProperty(['pod/shop/web-0']);
    own.delete('pods', 'shop', 'web-0');
    await expect.poll(() => finding.groups.get('pod/shop/web-0')?.targets, patience).toEqual([]);
    await finding.close();
    await own.close();
  });
});
