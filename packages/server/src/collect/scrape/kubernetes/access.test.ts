import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { accessOf } from './access.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { TestApiServer } from './test/api-server.ts';
import { configOf, Finding } from './test/found-targets.ts';
import { fill } from './test/manifests.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-kubernetes-'));
afterAll(() => rmSync(dir, { recursive: true }));

const at = (name: string): string => join(dir, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const read = (name: string): string => readFileSync(at(name), 'utf8');

function openssl(...args: string[]): boolean {
  try {
    execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An authority with a certificate of the server and one of a client. */
function makeCertificates(): boolean {
  const authority = ['-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '1'];
  const isMade = openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    ...authority,
  );
  const signed = ['server', 'client'].every((name) => {
    write('extensions', 'subjectAltName=IP:127.0.0.1,DNS:kubernetes');
    const request = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`];
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions', '-days', '1'];
    return (
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...request) &&
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...signing)
    );
  });
  return isMade && signed;
}

const hasCertificates = makeCertificates();
if (!hasCertificates) console.warn('skipped: there is no openssl to make certificates with');

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openTls(wantsClient: boolean): Promise<{ server: TestApiServer; url: string }> {
  const tls = { key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt'), requestCert: wantsClient };
  const server = new TestApiServer({ tls: { ...tls, rejectUnauthorized: wantsClient } });
  fill(server);
  const url = await server.listen();
  closers.push(() => server.close());
  return { server, url };
}

function find(config: string, env: Record<string, string> = {}): Finding {
  const surroundings = { env, serviceAccountDir: dir };
  const finding = new Finding(configOf(config), { surroundings });
  closers.push(() => finding.close());
  return finding;
}

const soon = (value: () => unknown) => expect.poll(value, { timeout: 8000, interval: 10 });

const kubeconfig = (server: string, cluster: string, user: string): string =>
  `apiVersion: v1
kind: Config
current-context: here
contexts:
  - { name: there, context: { cluster: no, user: no } }
  - { name: here, context: { cluster: c, user: u, namespace: ignored } }
clusters:
  - { name: c, cluster: { server: "${server}", ${cluster} } }
users:
  - { name: u, user: { ${user} } }
`;

describe.skipIf(!hasCertificates)('over TLS', () => {
  it('the account of the pod is used, with a token that is renewed and the namespace of its own', async () => {
    const { server, url } = await openTls(false);
    server.token = 'first';
    write('token', 'first\n');
    write('namespace', 'shop\n');
    const { hostname, port } = new URL(url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const finding = find('role: service\nnamespaces: { own_namespace: true, names: [other] }\n', env);
    await soon(() => Object.keys(finding.targets).length).toBe(3);
    expect(new Set(server.requests.map(({ url }) => url.pathname))).toEqual(
      new Set(['/api/v1/namespaces/shop/services', '/api/v1/namespaces/other/services']),
    );
    server.token = 'second';
    server.drop();
    await soon(() => finding.failures.join()).toMatch(/watch services: HTTP status 401 Unauthorized: Unauthorized/);
    write('token', 'second\n');
    server.delete('services', 'shop', 'public');
    await soon(() => Object.keys(finding.targets).length).toBe(2);
  });

  it('a certificate of nobody that is known is refused, and the reason told', async () => {
    const { url } = await openTls(false);
    const finding = find(`role: node\napi_server: ${url}\n`);
    await soon(() => finding.failures.length).toBeGreaterThan(1);
    expect(finding.failures[0]).toMatch(/^list nodes: .*(certificate|issuer)/);
    expect(finding.groups.size).toBe(0);
  });

  it.each([
    ['files', 'certificate-authority: ca.crt', 'client-certificate: client.crt, client-key: client.key'],
    ['data', undefined, undefined],
  ])('a kubeconfig with certificates as %s is used', async (_, cluster, user) => {
    const { url } = await openTls(true);
    const data = (name: string) => Buffer.from(read(name)).toString('base64');
    const config = kubeconfig(
      url,
      cluster ?? `certificate-authority-data: ${data('ca.crt')}, tls-server-name: kubernetes`,
      user ?? `client-certificate-data: ${data('client.crt')}, client-key-data: ${data('client.key')}`,
    );
    const finding = find(`role: node\nkubeconfig_file: ${write('kubeconfig', config)}\n`);
    await soon(() => Object.keys(finding.targets)).toEqual(['node/node-a', 'node/node-b']);
    expect(finding.failures).toEqual([]);
  });

  it('a kubeconfig whose server wants another certificate says so', async () => {
    const { url } = await openTls(true);
    const config = kubeconfig(url, 'insecure-skip-tls-verify: true', 'token: t');
    const finding = find(`role: node\nkubeconfig_file: ${write('kubeconfig', config)}\n`);
    await soon(() => finding.failures.length).toBeGreaterThan(0);
    expect(finding.failures[0]).toMatch(/^list nodes: /);
  });
});

describe('a kubeconfig', () => {
  it('that is written after the start is used as soon as it is there', async () => {
    const server = new TestApiServer();
    fill(server);
    server.token = 'from-file';
    const url = await server.listen();
    closers.push(() => server.close());
    mkdirSync(at('later'), { recursive: true });
    const finding = find(`role: node\nkubeconfig_file: ${at('later/config')}\n`);
    await soon(() => finding.failures.length).toBeGreaterThan(0);
    expect(finding.failures[0]).toBe(`unable to read file ${at('later/config')}: ENOENT`);
    write('later/token', 'from-file');
    write('later/config', kubeconfig(`${url}/`, '', 'token: not-this, tokenFile: token'));
    await soon(() => Object.keys(finding.targets).length).toBe(2);
  });

  it('may name a user and a password, another user to act as, and a server without a scheme', async () => {
    const user = 'username: u, password: p, as: boss, as-groups: [a, b], as-uid: "7"';
    const file = write('kubeconfig', kubeconfig('api.example:6443/prefix', 'proxy-url: "http://proxy:1"', user));
    expect(await readKubeconfig(file)).toMatchObject({
      server: 'http://api.example:6443/prefix',
      http: {
        basicAuth: { username: { text: 'u' }, password: { text: 'p' } },
        proxy: { proxyUrl: 'http://proxy:1' },
        headers: {
          'impersonate-user': [{ text: 'boss' }],
          'impersonate-group': [{ text: 'a' }, { text: 'b' }],
          'impersonate-uid': [{ text: '7' }],
        },
      },
    });
    write('kubeconfig', kubeconfig('api.example:6443', 'insecure-skip-tls-verify: true', ''));
    expect(await readKubeconfig(file)).toMatchObject({ server: 'https://api.example:6443' });
  });

  it.each([
    [
      'exec',
      kubeconfig('https://a', '', 'exec: { command: aws }'),
      'exec: credentials from a program are not supported',
    ],
    [
      'another provider',
      kubeconfig('https://a', '', 'auth-provider: { name: gcp }'),
      'auth-provider: is not supported',
    ],
    ['half a certificate', kubeconfig('https://a', '', 'client-certificate: c'), 'client-key or client-key-data'],
    ['data that is no base64', kubeconfig('https://a', 'certificate-authority-data: "%"', ''), 'is not base64'],
    ['no server', kubeconfig('', '', ''), 'there is no server'],
    ['no context', 'clusters: []', 'current-context is not set'],
    ['an unknown context', 'current-context: x', 'current-context: there is no context "x"'],
    ['no YAML', '\t{', ':1: '],
  ])('with %s is refused by name', async (_, text, message) => {
    await expect(readKubeconfig(write('kubeconfig', text))).rejects.toThrow(message);
  });
});

describe('without an address', () => {
  const config = configOf('role: pod\nnamespaces: { own_namespace: true }\n');

  it('only a pod knows its API server', async () => {
    await expect(accessOf(config, { env: {}, serviceAccountDir: dir })).rejects.toThrow(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  });

  it('the namespace of the pod must be known where it is wanted', async () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const surroundings = { env, serviceAccountDir: join(dir, 'nothing') };
    await expect(accessOf(config, surroundings)).rejects.toThrow("could not determine the pod's namespace");
    write('namespace', ' \n');
    await expect(accessOf(config, { env, serviceAccountDir: dir })).rejects.toThrow('empty file');
    expect((await accessOf(configOf('role: pod'), surroundings)).server).toBe('https://[fd00::1]:443');
  });
});
