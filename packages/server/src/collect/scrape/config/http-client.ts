import { resolve } from 'node:path';
import type { HttpClientConfig, OAuth2Config, ProxyConfig, Secret, TlsConfig } from './types.ts';
import { noTls } from './types.ts';
import type { YamlNode } from './yaml-node.ts';

const proxyKeys = ['proxy_url', 'no_proxy', 'proxy_from_environment', 'proxy_connect_header'];

/** The keys of Prometheus' HTTP client, which stand beside those of what it is a client of. */
export const httpClientKeys: readonly string[] = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'tls_config',
  'follow_redirects',
  'enable_http2',
  'http_headers',
  ...proxyKeys,
];

/** Headers that belong to the connection or that the client sets itself. */
const reservedHeaders = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/** A relative path counts from the directory of the file. */
export const absolute = (dir: string, path: string): string => (path === '' ? '' : resolve(dir, path));

const isSet = ({ text, file }: Secret): boolean => text !== '' || file !== '';

/** `key` and `key_file`, at most one of them. */
function secret(node: YamlNode, key: string, dir: string): Secret {
  const text = node.get(key).text();
  const file = absolute(dir, node.get(`${key}_file`).text());
  if (node.get(`${key}_ref`).isGiven) node.get(`${key}_ref`).fail('secret managers are not supported');
  if (text !== '' && file !== '') node.get(key).fail(`at most one of ${key} & ${key}_file must be configured`);
  return { text, file };
}

const withFile = (...names: string[]): string[] => names.flatMap((name) => [name, `${name}_file`, `${name}_ref`]);

function readTls(node: YamlNode, dir: string): TlsConfig {
  if (node.isEmpty) return noTls;
  const own = ['server_name', 'insecure_skip_verify', 'min_version', 'max_version'];
  node.expectKeys([...withFile('ca', 'cert', 'key'), ...own]);
  const cert = secret(node, 'cert', dir);
  const key = secret(node, 'key', dir);
  if (isSet(cert) && !isSet(key)) {
    node.fail('exactly one of key or key_file must be configured when a client certificate is configured');
  } else if (isSet(key) && !isSet(cert)) {
    node.fail('exactly one of cert or cert_file must be configured when a client key is configured');
  }
  const versions = ['', 'TLS10', 'TLS11', 'TLS12', 'TLS13'] as const;
  return {
    ca: secret(node, 'ca', dir),
    cert,
    key,
    serverName: node.get('server_name').text(),
    insecureSkipVerify: node.get('insecure_skip_verify').flag(false),
    minVersion: node.get('min_version').oneOf(versions, ''),
    maxVersion: node.get('max_version').oneOf(versions, ''),
  };
}

function readProxy(node: YamlNode): ProxyConfig {
  const proxyUrl = node.get('proxy_url').text();
  const noProxy = node.get('no_proxy').text();
  const fromEnvironment = node.get('proxy_from_environment').flag(false);
  const headers = node.get('proxy_connect_header').entries();
  if (proxyUrl !== '' && !/^https?:\/\/[^/]+/.test(proxyUrl)) {
    node.get('proxy_url').fail(`${JSON.stringify(proxyUrl)} is not an address that begins with http:// or https://`);
  }
  if (headers.length > 0 && !fromEnvironment && proxyUrl === '') {
    const needs = 'proxy_url or proxy_from_environment must also be configured';
    node.get('proxy_connect_header').fail(`if proxy_connect_header is configured, ${needs}`);
  }
  if (fromEnvironment && proxyUrl !== '') {
    node.get('proxy_url').fail('if proxy_from_environment is configured, proxy_url must not be configured');
  }
  if (fromEnvironment && noProxy !== '') {
    node.get('no_proxy').fail('if proxy_from_environment is configured, no_proxy must not be configured');
  } else if (noProxy !== '' && proxyUrl === '') {
    node.get('no_proxy').fail('if no_proxy is configured, proxy_url must also be configured');
  }
  const connectHeader = Object.fromEntries(headers.map(([name, values]) => [name, values.texts()]));
  return { proxyUrl, noProxy, fromEnvironment, connectHeader };
}

function readOAuth2(node: YamlNode, dir: string): OAuth2Config | undefined {
  if (!node.isGiven) return undefined;
  const own = ['client_id', 'scopes', 'token_url', 'endpoint_params', 'tls_config', 'grant_type'];
  node.expectKeys([...own, ...withFile('client_secret'), ...proxyKeys], (key) =>
    /^(client_certificate_key|signature_algorithm|iss$|audience$|claims$)/.test(key)
      ? 'the grant type urn:ietf:params:oauth:grant-type:jwt-bearer is not supported'
      : '',
  );
  const clientId = node.get('client_id').text();
  const tokenUrl = node.get('token_url').text();
  if (clientId === '') node.fail('oauth2 client_id must be configured');
  if (tokenUrl === '') node.fail('oauth2 token_url must be configured');
  node.get('grant_type').oneOf(['client_credentials'], 'client_credentials');
  return {
    clientId,
    clientSecret: secret(node, 'client_secret', dir),
    scopes: node.get('scopes').texts(),
    tokenUrl,
    endpointParams: Object.fromEntries(node.get('endpoint_params').textMap()),
    tls: readTls(node.get('tls_config'), dir),
    proxy: readProxy(node),
  };
}

function readHeaders(node: YamlNode, dir: string): HttpClientConfig['headers'] {
  const headers: Record<string, Secret[]> = {};
  for (const [name, header] of node.entries()) {
    if (reservedHeaders.has(name.toLowerCase())) header.fail(`setting header ${JSON.stringify(name)} is not allowed`);
    header.expectKeys(['values', 'secrets', 'files']);
    headers[name] = [
      ...[...header.get('values').texts(), ...header.get('secrets').texts()].map((text) => ({ text, file: '' })),
      ...header
        .get('files')
        .texts()
        .map((file) => ({ text: '', file: absolute(dir, file) })),
    ];
  }
  return headers;
}

function readBasicAuth(node: YamlNode, dir: string): HttpClientConfig['basicAuth'] {
  if (!node.isGiven) return undefined;
  node.expectKeys(withFile('username', 'password'));
  return { username: secret(node, 'username', dir), password: secret(node, 'password', dir) };
}

/** `authorization`, or the old `bearer_token` and `bearer_token_file`. */
function readAuthorization(node: YamlNode, dir: string): HttpClientConfig['authorization'] {
  const bearer = secret(node, 'bearer_token', dir);
  const own = node.get('authorization');
  if (!own.isGiven) return isSet(bearer) ? { type: 'Bearer', credentials: bearer } : undefined;
  if (isSet(bearer)) own.fail('authorization is not compatible with bearer_token & bearer_token_file');
  own.expectKeys(['type', ...withFile('credentials')]);
  const type = own.get('type').text().trim() || 'Bearer';
  if (type.toLowerCase() === 'basic') {
    own.get('type').fail('authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  return { type, credentials: secret(own, 'credentials', dir) };
}

/** Reads the keys of an HTTP client that stand in `node`; its own keys are checked by the caller. */
export function readHttpClient(node: YamlNode, dir: string): HttpClientConfig {
  const basicAuth = readBasicAuth(node.get('basic_auth'), dir);
  const authorization = readAuthorization(node, dir);
  const oauth2 = readOAuth2(node.get('oauth2'), dir);
  if ([basicAuth, authorization, oauth2].filter(Boolean).length > 1) {
    node.fail('at most one of basic_auth, oauth2, authorization, bearer_token & bearer_token_file must be configured');
  }
  node.get('enable_http2').flag(true);
  return {
    basicAuth,
    authorization,
    oauth2,
    tls: readTls(node.get('tls_config'), dir),
    proxy: readProxy(node),
    followRedirects: node.get('follow_redirects').flag(true),
    headers: readHeaders(node.get('http_headers'), dir),
  };
}
