import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { absolute } from '../config/http-client.ts';
import { defaultHttpClient, type HttpClientConfig, noTls, type Secret, type TlsConfig } from '../config/types.ts';
import { readYaml, ScrapeConfigError, type YamlNode } from '../config/yaml-node.ts';
import type { ClusterAccess } from './access.ts';

/** `key-data` in base64, or else the file that `key` names; the data wins. */
function dataOrFile(node: YamlNode, key: string, dir: string): Secret {
  const data = node.get(`${key}-data`);
  const text = data.text();
  if (text === '') return { text: '', file: absolute(dir, node.get(key).text()) };
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) data.fail('is not base64');
  return { text: Buffer.from(text, 'base64').toString('utf8'), file: '' };
}

const isGiven = ({ text, file }: Secret): boolean => text !== '' || file !== '';

/** The part of `clusters`, `users` or `contexts` that has a name. */
function named(root: YamlNode, list: string, kind: string, name: YamlNode): YamlNode {
  const found = root
    .get(list)
    .items()
    .find((item) => item.get('name').text() === name.text());
  if (!found) name.fail(`there is no ${kind} ${JSON.stringify(name.text())}`);
  return (found ?? root.get(list)).get(kind);
}

function readTls(cluster: YamlNode, user: YamlNode, dir: string): TlsConfig {
  const cert = dataOrFile(user, 'client-certificate', dir);
  const key = dataOrFile(user, 'client-key', dir);
  if (isGiven(cert) && !isGiven(key)) user.fail('client-key or client-key-data is needed with a client certificate');
  if (isGiven(key) && !isGiven(cert)) user.fail('client-certificate or client-certificate-data is needed with a key');
  const insecure = cluster.get('insecure-skip-tls-verify').flag(false);
  const ca = dataOrFile(cluster, 'certificate-authority', dir);
  if (insecure && isGiven(ca)) {
    cluster.get('insecure-skip-tls-verify').fail('cannot be used together with a certificate authority');
  }
  return { ...noTls, ca, cert, key, serverName: cluster.get('tls-server-name').text(), insecureSkipVerify: insecure };
}

/** Ways to get credentials that need another program or another company's server. */
const refused = {
  exec: 'credentials from a program are not supported; use a token, a token file or a client certificate',
  'auth-provider': 'is not supported; use a token, a token file or a client certificate',
};

function readCredentials(user: YamlNode, dir: string): Pick<HttpClientConfig, 'basicAuth' | 'authorization'> {
  for (const [key, why] of Object.entries(refused)) if (user.get(key).isGiven) user.get(key).fail(why);
  const username = user.get('username').text();
  const file = absolute(dir, user.get('tokenFile').text());
  const text = file === '' ? user.get('token').text() : '';
  const hasToken = text !== '' || file !== '';
  if (username !== '' && hasToken) user.fail('has a token as well as a username; only one of them can be used');
  const secret = (value: string): Secret => ({ text: value, file: '' });
  return {
    authorization: hasToken ? { type: 'Bearer', credentials: { text, file } } : undefined,
    basicAuth:
      username === '' || hasToken
        ? undefined
        : { username: secret(username), password: secret(user.get('password').text()) },
  };
}

/** Headers by which a user acts as another one. */
function impersonation(user: YamlNode): HttpClientConfig['headers'] {
  const secrets = (texts: readonly string[]): Secret[] => texts.map((text) => ({ text, file: '' }));
  const name = user.get('as').text();
  if (name === '') return {};
  const uid = user.get('as-uid').text();
  const groups = user.get('as-groups').texts();
  return {
    'impersonate-user': secrets([name]),
    ...(uid !== '' && { 'impersonate-uid': secrets([uid]) }),
    ...(groups.length > 0 && { 'impersonate-group': secrets(groups) }),
  };
}

/** As other clients, TLS is taken for meant where something of it is configured. */
function withScheme(server: string, { ca, cert, insecureSkipVerify }: TlsConfig): string {
  if (/^[a-z]+:\/\//i.test(server)) return server;
  return isGiven(ca) || isGiven(cert) || insecureSkipVerify ? `https://${server}` : `http://${server}`;
}

function readConfig(root: YamlNode, dir: string): ClusterAccess {
  const current = root.get('current-context');
  if (current.text() === '') root.fail('current-context is not set');
  const context = named(root, 'contexts', 'context', current);
  const cluster = named(root, 'clusters', 'cluster', context.get('cluster'));
  const userName = context.get('user');
  const user = userName.text() === '' ? root.get('user') : named(root, 'users', 'user', userName);
  const tls = readTls(cluster, user, dir);
  const server = withScheme(cluster.get('server').text(), tls);
  if (cluster.get('server').text() === '') cluster.fail('there is no server');
  else if (!URL.canParse(server)) cluster.get('server').fail('is not an address');
  const http: HttpClientConfig = {
    ...defaultHttpClient,
    ...readCredentials(user, dir),
    tls,
    proxy: { ...defaultHttpClient.proxy, proxyUrl: cluster.get('proxy-url').text() },
    headers: impersonation(user),
  };
  return { server, http, ownNamespace: '' };
}

/**
 * The cluster of the current context of a kubeconfig
 * (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/); paths in it count from its directory. Throws an Error
 * with everything that is wrong in it.
 */
export async function readKubeconfig(file: string): Promise<ClusterAccess> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`unable to read file ${file}: ${error.code ?? error.message}`);
  });
  try {
    return readYaml(text, file, (root) => readConfig(root, dirname(file)));
  } catch (error) {
    if (error instanceof ScrapeConfigError) throw new Error(error.offences.join('; '));
    throw error;
  }
}
