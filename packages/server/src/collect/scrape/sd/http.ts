import { httpClientKeys, readHttpClient } from '../config/http-client.ts';
import type { HttpClientConfig } from '../config/types.ts';
import type { YamlNode } from '../config/yaml-node.ts';
import type { Discovery } from '../discovery.ts';
import { createHttpClient, readText } from '../http/client.ts';
import { refreshing } from './refresh.ts';
import { parseGroups, withLabel } from './target-groups.ts';

export interface HttpSdConfig {
  readonly url: string;
  readonly refreshMs: number;
  readonly http: HttpClientConfig;
}

export function readHttpSd(node: YamlNode, dir: string): HttpSdConfig {
  node.expectKeys(['url', 'refresh_interval', ...httpClientKeys]);
  const url = node.get('url').text();
  if (url === '') node.fail('URL is missing');
  else if (!/^https?:/.test(url)) node.get('url').fail("URL scheme must be 'http' or 'https'");
  else if (!/^https?:\/\/[^/?#]/.test(url) || !URL.canParse(url)) node.get('url').fail('host is missing in URL');
  return {
    url,
    refreshMs: node.get('refresh_interval').duration(60_000) || 60_000,
    http: readHttpClient(node, dir),
  };
}

const isJson = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

/** More groups than this are no list of targets. */
const maxBytes = 64 * 1024 * 1024;

/** Target groups that a server lists as JSON (https://prometheus.io/docs/prometheus/latest/http_sd/). */
export function httpDiscovery({ url, refreshMs, http }: HttpSdConfig): Discovery {
  const client = createHttpClient(http);
  const headers = { accept: 'application/json', 'x-prometheus-refresh-interval-seconds': String(refreshMs / 1000) };
  const refresh = refreshing(refreshMs, async (stop) => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(refreshMs)]);
    const response = await client.get(url, headers, signal);
    const type = response.headers['content-type'];
    if (response.status !== 200) {
      response.discard();
      throw new Error(`server returned HTTP status ${response.statusLine}`);
    }
    if (!isJson.test(String(type ?? '').trim())) {
      response.discard();
      throw new Error(`unsupported content type ${JSON.stringify(type ?? '')}`);
    }
    const groups = parseGroups(await readText(response, maxBytes), (i) => `${url}:${i}`);
    return { groups: withLabel(groups, '__meta_url', url) };
  });
  return {
    start: refresh.start,
    close: async () => {
      await refresh.close();
      await client.close();
    },
  };
}
