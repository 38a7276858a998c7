import type { SecureVersion } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { HttpClientConfig, ProxyConfig, TlsConfig } from '../config/types.ts';
import { isDirect } from './no-proxy.ts';
import { secretText } from './secret.ts';

const versions: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** Certificates in files are looked at again after this, so that a renewed one needs no reload. */
const certificateAgeMs = 10_000;

/** Longer than any sane interval between two scrapes, as Prometheus has it. */
const idleMs = 300_000;

/** A connection that nobody accepts is given up after this, if no request has given it up before. */
const connectMs = 60_000;

interface Connecting {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

async function connecting(tls: TlsConfig): Promise<Connecting> {
  const [ca, cert, key] = await Promise.all([secretText(tls.ca), secretText(tls.cert), secretText(tls.key)]);
  const minVersion = versions[tls.minVersion];
  const maxVersion = versions[tls.maxVersion];
  return {
    ...(ca && { ca }),
    ...(cert && { cert, key }),
    ...(tls.serverName && { servername: tls.serverName }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}

function proxyOf(url: URL, { proxyUrl, noProxy, fromEnvironment }: ProxyConfig): string {
  if (!fromEnvironment) return proxyUrl === '' || isDirect(url, noProxy) ? '' : proxyUrl;
  const { env } = process;
  if (isDirect(url, env.NO_PROXY ?? env.no_proxy ?? '')) return '';
  return (url.protocol === 'https:' ? (env.HTTPS_PROXY ?? env.https_proxy) : (env.HTTP_PROXY ?? env.http_proxy)) ?? '';
}

/** The connections of one client: kept open between requests, made anew when a certificate changes. */
export class Dispatchers {
  #connecting: { readonly at: number; readonly key: string; readonly options: Connecting } | undefined;
  readonly #open = new Map<string, Dispatcher>();

  constructor(private readonly config: Pick<HttpClientConfig, 'tls' | 'proxy'>) {}

  async for(url: URL): Promise<Dispatcher> {
    const options = await this.#options();
    const proxy = proxyOf(url, this.config.proxy);
    const tunnelled = proxy !== '' && url.protocol === 'https:';
    const key = `${proxy} ${tunnelled}`;
    let dispatcher = this.#open.get(key);
    if (!dispatcher) {
      dispatcher = this.#make(options, proxy, tunnelled);
      this.#open.set(key, dispatcher);
    }
    return dispatcher;
  }

  async #options(): Promise<Connecting> {
    const now = Date.now();
    const known = this.#connecting;
    const { ca, cert, key } = this.config.tls;
    const isFixed = ca.file === '' && cert.file === '' && key.file === '';
    if (known && (isFixed || now - known.at < certificateAgeMs)) return known.options;
    const options = await connecting(this.config.tls);
    const text = JSON.stringify(options);
    if (known && known.key !== text) {
      for (const dispatcher of this.#open.values()) void dispatcher.close();
      this.#open.clear();
    }
    this.#connecting = { at: now, key: text, options };
    return options;
  }

  #make(options: Connecting, proxy: string, tunnelled: boolean): Dispatcher {
    // The time-outs of undici are off: a request is ended by its signal.
    const common = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs };
    if (proxy === '') return new Agent({ ...common, connect: { ...options, timeout: connectMs } });
    const headers = Object.entries(this.config.proxy.connectHeader).map(([name, values]) => [name, values.join(', ')]);
    return new ProxyAgent({
      ...common,
      uri: proxy,
      proxyTunnel: tunnelled,
      requestTls: options,
      headers: Object.fromEntries(headers),
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((dispatcher) => dispatcher.destroy()));
    this.#open.clear();
  }
}
