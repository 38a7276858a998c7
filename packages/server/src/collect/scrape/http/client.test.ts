import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defaultHttpClient, type HttpClientConfig, noTls } from '../config/types.ts';
import { createHttpClient, readText } from './client.ts';
import { isDirect } from './no-proxy.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-http-client-'));
const file = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listening(server: Server & { closeAllConnections?(): void }): Promise<string> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = async (listener: RequestListener) => `http://${await listening(createServer(listener))}`;

async function get(url: string, config: Partial<HttpClientConfig>): Promise<{ status: number; text: string }> {
  const client = createHttpClient({ ...defaultHttpClient, ...config });
  try {
    const response = await client.get(url, {}, AbortSignal.timeout(5000));
    return { status: response.status, text: await readText(response, 10_000) };
  } finally {
    await client.close();
  }
}

const text = (value: string) => ({ text: value, file: '' });

/** Answers with the header that it was sent. */
const echo =
  (name: string): RequestListener =>
  (request, response) =>
    response.end(String(request.headers[name] ?? 'none'));

describe('a client', () => {
  it('sends a name and a password, which may stand in a file and change there', async () => {
    const url = await serve(echo('authorization'));
    writeFileSync(file('password'), 'one\n');
    const basicAuth = { username: text('me'), password: { text: '', file: file('password') } };
    const sent = async () => Buffer.from((await get(url, { basicAuth })).text.slice(6), 'base64').toString();
    expect(await sent()).toBe('me:one');
    writeFileSync(file('password'), 'two\n');
    expect(await sent()).toBe('me:two');
    rmSync(file('password'));
    await expect(sent()).rejects.toThrow(`unable to read file ${file('password')}: ENOENT`);
  });

  it('sends credentials of any type, and headers', async () => {
    const authorization = { type: 'Token', credentials: text('x') };
    expect((await get(await serve(echo('authorization')), { authorization })).text).toBe('Token x');
    expect((await get(await serve(echo('x-scope')), { headers: { 'X-Scope': [text('a'), text('b')] } })).text).toBe(
      'a, b',
    );
  });

  it('follows redirects, unless it is told not to, and keeps its credentials for the first server', async () => {
    const other = await serve(echo('authorization'));
    const url = await serve((request, response) => {
      if (request.url === '/same') response.end(request.headers.authorization);
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.writeHead(302, { location: request.url === '/other' ? other : '/same' }).end();
    });
    const authorization = { type: 'Bearer', credentials: text('x') };
    expect((await get(`${url}/`, { authorization })).text).toBe('Bearer x');
    expect((await get(`${url}/other`, { authorization })).text).toBe('none');
    expect((await get(`${url}/`, { followRedirects: false })).status).toBe(302);
    await expect(get(`${url}/loop`, {})).rejects.toThrow('stopped after 10 redirects');
  });

  it('goes through a proxy, except for those that are named', async () => {
    const url = await serve((_request, response) => response.end('direct'));
    const proxy = await serve((request, response) => {
      response.setHeader('x-by', 'proxy');
      forward(request.url ?? '', (answer) => {
        response.write('by proxy: ');
        answer.pipe(response);
      }).end();
    });
    const through = (noProxy: string) =>
      get(url, { proxy: { proxyUrl: proxy, noProxy, fromEnvironment: false, connectHeader: {} } });
    expect((await through('')).text).toBe('by proxy: direct');
    expect((await through('127.0.0.0/8')).text).toBe('direct');
  });

  it('gets a token, keeps it, and gets another when it is refused', async () => {
    const forms: string[] = [];
    const tokenUrl = await serve((request, response) => {
      let form = '';
      request.on('data', (chunk) => {
        form += chunk;
      });
      request.on('end', () => {
        forms.push(`${request.headers.authorization} ${form}`);
        response.end(JSON.stringify({ access_token: `t${forms.length}`, token_type: 'bearer', expires_in: 3600 }));
      });
    });
    let refused = 't0';
    const url = await serve((request, response) => {
      response.writeHead(request.headers.authorization === `Bearer ${refused}` ? 401 : 200);
      response.end(request.headers.authorization);
    });
    const client = createHttpClient({
      ...defaultHttpClient,
      oauth2: {
        clientId: 'me',
        clientSecret: text('x'),
        scopes: ['a', 'b'],
        tokenUrl,
        endpointParams: { audience: 'c' },
        tls: noTls,
        proxy: defaultHttpClient.proxy,
      },
    });
    ends.push(() => client.close());
    const ask = async () => readText(await client.get(url, {}, AbortSignal.timeout(5000)), 100);
    expect([await ask(), await ask()]).toEqual(['Bearer t1', 'Bearer t1']);
    refused = 't1';
    expect([await ask(), await ask()]).toEqual(['Bearer t1', 'Bearer t2']);
    const basic = `Basic ${Buffer.from('me:x').toString('base64')}`;
    expect(forms[0]).toBe(`${basic} grant_type=client_credentials&audience=c&scope=a+b`);
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())('TLS (skipped where there is no openssl to make certificates)', () => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  let url: string;
  let server: ReturnType<typeof createTlsServer>;

  beforeAll(async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    for (const [name, subject] of [
      ['server', '/CN=target.test'],
      ['me', '/CN=me'],
    ] as const) {
      const extension = ['-addext', `subjectAltName=DNS:${subject.slice(4)}`];
      openssl('req', '-x509', ...key, '-subj', subject, ...extension, '-keyout', `${name}.key`, '-out', `${name}.pem`);
    }
    server = createTlsServer(
      {
        key: readFileSync(file('server.key')),
        cert: readFileSync(file('server.pem')),
        ca: readFileSync(file('me.pem')),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => response.end(String((request.socket as { authorized?: boolean }).authorized)),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const ca = { text: '', file: file('server.pem') };

  it('trusts a certificate by its authority and name, and refuses any other', async () => {
    expect((await get(url, { tls: { ...noTls, ca, serverName: 'target.test' } })).text).toBe('false');
    await expect(get(url, {})).rejects.toThrow(/self-signed/);
    await expect(get(url, { tls: { ...noTls, ca, serverName: 'other.test' } })).rejects.toThrow(/altnames/);
    expect((await get(url, { tls: { ...noTls, insecureSkipVerify: true } })).text).toBe('false');
  });

  it('shows a certificate of its own', async () => {
    const own = { cert: { text: '', file: file('me.pem') }, key: { text: '', file: file('me.key') } };
    expect((await get(url, { tls: { ...noTls, ca, ...own, serverName: 'target.test' } })).text).toBe('true');
  });

  it('is spoken through a proxy too', async () => {
    const tunnels: unknown[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.headers['x-team']);
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    const proxyUrl = `http://${await listening(proxy)}`;
    const tls = { ...noTls, ca, serverName: 'target.test' };
    const answer = await get(url, {
      tls,
      proxy: { proxyUrl, noProxy: '', fromEnvironment: false, connectHeader: { 'x-team': ['a'] } },
    });
    expect([answer.text, tunnels]).toEqual(['false', ['a']]);
  });
});

it.each([
  ['http://a.example.com/', 'example.com', true],
  ['http://example.com/', '.example.com', false],
  ['http://a.example.com/', '*.example.com', true],
  ['http://badexample.com/', 'example.com', false],
  ['http://example.com:8080/', 'example.com:80', false],
  ['http://example.com/', 'example.com:80', true],
  ['http://10.1.2.3/', '10.0.0.0/8', true],
  ['http://[::1]:90/', '::1', true],
  ['http://x/', 'y, *', true],
  ['http://x/', '', false],
])('%s is asked directly where %j are: %s', (url, noProxy, expected) => {
  expect(isDirect(new URL(url), noProxy)).toBe(expected);
});
