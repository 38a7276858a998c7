import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestApiServer } from './test/api-server.ts';
import { Finding, roleConfig } from './test/found-targets.ts';
import { fill } from './test/manifests.ts';

const hasVmagent = (() => {
  try {
    execFileSync('vmagent', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasVmagent) console.warn('skipped: vmagent is not installed (apt-get install victoria-metrics)');

type Labels = Readonly<Record<string, string>>;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

// The slices of vmagent are not as those of Prometheus: ports that are left out are 0, conditions false.
const roles = ['pod', 'service', 'endpoints', 'ingress', 'node'] as const;

/** Labels that vmagent adds on its own. */
const addedByVmagent = ['node_name', 'node_provider_id', 'service_cluster_ip', 'service_type'].map(
  (name) => `__meta_kubernetes_${name}`,
);

/** Without the labels of the job, and empty ones, which are none. */
const ofTarget = (labels: Labels): Labels =>
  Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => value !== '' && /^(__address__|__meta_.*|instance)$/.test(name)),
  );

/** vmagent keeps one of several targets that it would scrape alike, and none without an address. */
const addresses = (targets: readonly Labels[]): Set<string> =>
  new Set(targets.map(({ __address__: address = '' }) => address).filter((address) => address !== ''));

const describes = (ours: Labels, theirs: Labels): boolean =>
  Object.entries(theirs).every(([name, value]) => ours[name] === value || addedByVmagent.includes(name));

describe.skipIf(!hasVmagent)('beside a real vmagent', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-vmagent-'));
  const server = new TestApiServer();
  let url = '';
  let api = '';
  let child: ChildProcess;

  beforeAll(async () => {
    fill(server);
    url = await server.listen();
    const jobs = roles.map((role) => ({
      job_name: role,
      scrape_interval: '1h',
      kubernetes_sd_configs: [{ role, api_server: url }],
    }));
    writeFileSync(join(dir, 'scrape.yml'), JSON.stringify({ scrape_configs: jobs }));
    const port = await freePort();
    api = `http://127.0.0.1:${port}/api/v1/targets?state=active`;
    const args = [`-promscrape.config=${dir}/scrape.yml`, `-remoteWrite.tmpDataPath=${dir}/data`];
    const addresses = [`-httpListenAddr=127.0.0.1:${port}`, '-remoteWrite.url=http://127.0.0.1:9/'];
    child = spawn('vmagent', [...args, ...addresses], { stdio: 'ignore' });
  });

  afterAll(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await server.close();
    rmSync(dir, { recursive: true });
  });

  async function theirs(role: string): Promise<Labels[]> {
    const { data } = (await (await fetch(api)).json()) as {
      data: { activeTargets: { scrapePool: string; discoveredLabels: Labels }[] };
    };
    const found = data.activeTargets.filter(({ scrapePool }) => scrapePool === role);
    if (found.length === 0) throw new Error(`no targets of ${role} yet`);
    return found.map(({ discoveredLabels }) => ofTarget(discoveredLabels));
  }

  it.each(roles)('the same targets are found of the role %s', async (role) => {
    const known = await vi.waitFor(() => theirs(role), { timeout: 20_000, interval: 100 });
    const finding = new Finding(roleConfig(role, url));
    await vi.waitFor(() => expect(Object.keys(finding.targets)).not.toEqual([]), { timeout: 5000 });
    await finding.close();
    const ours = Object.values(finding.targets).flat();
    expect(addresses(ours)).toEqual(addresses(known));
    expect(known.filter((theirs) => !ours.some((own) => describes(own, theirs)))).toEqual([]);
  }, 30_000);
});
