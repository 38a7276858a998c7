import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { request } from 'undici';
import type { HttpClientConfig } from '../config/types.ts';
import { Dispatchers } from './dispatchers.ts';
import { TokenSource } from './oauth2.ts';
import { secretText } from './secret.ts';

type Headers = Readonly<Record<string, string | string[]>>;

export interface HttpResponse {
  readonly status: number;
  /** Such as `404 Not Found`. */
  readonly statusLine: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Not decompressed. Must be read to its end, or given up with `discard`. */
  readonly body: Readable;
  discard(): void;
}

export interface HttpClient {
  /** Sends a GET with the credentials and headers of the configuration. Throws where there is no answer. */
  get(url: string, headers: Headers, signal: AbortSignal): Promise<HttpResponse>;
  /** The same with a POST of `body`; of redirects only those that keep the method are followed. */
  post(url: string, headers: Headers, body: Uint8Array, signal: AbortSignal): Promise<HttpResponse>;
  close(): Promise<void>;
}

/** As many as Go's client follows. */
const maxRedirects = 10;

const userAgent = 'Nightshift';

/** A client with the authorization, TLS, proxy and headers of `config`; connections are kept between requests. */
export function createHttpClient(config: HttpClientConfig): HttpClient {
  const dispatchers = new Dispatchers(config);
  const tokens = config.oauth2 ? new TokenSource(config.oauth2) : undefined;

  async function credentials(signal: AbortSignal): Promise<Record<string, string>> {
    const { basicAuth, authorization } = config;
    if (tokens) return { authorization: await tokens.header(signal) };
    if (basicAuth) {
      const [username, password] = await Promise.all([secretText(basicAuth.username), secretText(basicAuth.password)]);
      return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
    }
    if (!authorization) return {};
    const text = await secretText(authorization.credentials);
    return text === '' ? {} : { authorization: `${authorization.type} ${text}` };
  }

  async function configured(): Promise<Record<string, string[]>> {
    const all = Object.entries(config.headers).map(async ([name, values]) => {
      return [name, await Promise.all(values.map(secretText))] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  }

  async function once(url: URL, headers: Headers, signal: AbortSignal, content?: Uint8Array): Promise<HttpResponse> {
    const dispatcher = await dispatchers.for(url);
    const method = content ? 'POST' : 'GET';
    const options = { method, headers, signal, dispatcher, body: content ?? null } as const;
    const { statusCode, headers: received, body } = await request(url, options);
    const discard = () => void body.on('error', () => {}).destroy();
    const statusLine = `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim();
    return { status: statusCode, statusLine, headers: received, body, discard };
  }

  async function send(address: string, headers: Headers, signal: AbortSignal, content?: Uint8Array) {
    let url = new URL(address);
    const { origin } = url;
    const own: Headers = { ...(await configured()), ...(await credentials(signal)) };
    const followed = content ? [307, 308] : [301, 302, 303, 307, 308];
    for (let hop = 0; ; hop++) {
      // What is for one server is not shown to another that it sends us to.
      const sent = { 'user-agent': userAgent, ...headers, ...(url.origin === origin ? own : {}) };
      const response = await once(url, sent, signal, content);
      if (response.status === 401) tokens?.forget();
      const { location } = response.headers;
      const isRedirect = followed.includes(response.status) && typeof location === 'string';
      if (!isRedirect || !config.followRedirects) return response;
      response.discard();
      if (hop === maxRedirects) throw new Error(`stopped after ${maxRedirects} redirects`);
      url = new URL(location, url);
    }
  }

  return {
    get: (address, headers, signal) => send(address, headers, signal),
    post: (address, headers, content, signal) => send(address, headers, signal, content),
    close: async () => {
      await Promise.all([dispatchers.close(), tokens?.close()]);
    },
  };
}

/** The whole body as text. Throws where it is longer than `maxBytes`, or not UTF-8. */
export async function readText(response: HttpResponse, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
