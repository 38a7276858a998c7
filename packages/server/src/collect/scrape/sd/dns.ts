import { Resolver } from 'node:dns/promises';
import type { Labels } from '@nightshift/wire';
import type { YamlNode } from '../config/yaml-node.ts';
import type { Discovery, TargetGroup } from '../discovery.ts';
import { refreshing } from './refresh.ts';

const recordTypes = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const;

type RecordType = (typeof recordTypes)[number];

export interface DnsSdConfig {
  readonly names: readonly string[];
  readonly type: RecordType;
  /** Of every record but SRV, which has its own. */
  readonly port: number;
  readonly refreshMs: number;
}

export function readDnsSd(node: YamlNode): DnsSdConfig {
  node.expectKeys(['names', 'type', 'port', 'refresh_interval']);
  const names = node.get('names').texts();
  if (names.length === 0) node.fail('DNS-SD config must contain at least one SRV record name');
  const written = node.get('type').text() || 'SRV';
  const type = recordTypes.find((known) => known === written.toUpperCase());
  if (!type) node.get('type').fail(`invalid DNS-SD records type ${written}; allowed: ${recordTypes.join(', ')}`);
  const port = node.get('port').count();
  if (type && type !== 'SRV' && port === 0) {
    node.fail('a port is required in DNS-SD configs for all record types except SRV');
  }
  return { names, type: type ?? 'SRV', port, refreshMs: node.get('refresh_interval').duration(30_000) || 30_000 };
}

interface Found {
  readonly host: string;
  readonly port: number;
  /** What is known of the record, by the end of its label's name. */
  readonly meta: Readonly<Record<string, string>>;
}

// node:dns leaves out the final dot that Prometheus shows in these labels.
const rooted = (name: string): string => (name.endsWith('.') ? name : `${name}.`);

const unrooted = (name: string): string => name.replace(/\.+$/, '');

const records: Record<RecordType, (resolver: Resolver, name: string, port: number) => Promise<Found[]>> = {
  A: async (resolver, name, port) => (await resolver.resolve4(name)).map((host) => ({ host, port, meta: {} })),
  AAAA: async (resolver, name, port) => (await resolver.resolve6(name)).map((host) => ({ host, port, meta: {} })),
  MX: async (resolver, name, port) =>
    (await resolver.resolveMx(name)).map(({ exchange }) => ({
      host: unrooted(exchange),
      port,
      meta: { mx_record_target: rooted(exchange) },
    })),
  NS: async (resolver, name, port) =>
    (await resolver.resolveNs(name)).map((host) => ({
      host: unrooted(host),
      port,
      meta: { ns_record_target: rooted(host) },
    })),
  SRV: async (resolver, name) =>
    (await resolver.resolveSrv(name)).map(({ name: host, port }) => ({
      host: unrooted(host),
      port,
      meta: { srv_record_target: rooted(host), srv_record_port: String(port) },
    })),
};

/** That there are no such records is an answer; anything else is not. */
const isNone = (error: unknown): boolean =>
  ['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '');

function targetOf(name: string, { host, port, meta }: Found): Labels {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const known = Object.entries(meta).map(([key, value]) => [`__meta_dns_${key}`, value] as const);
  return new Map([['__address__', address], ['__meta_dns_name', name], ...known]);
}

/**
 * Asks for the records of names (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config);
 * a name that nobody answers for keeps what it had. `servers` are asked in place of those of the system.
 */
export function dnsDiscovery(config: DnsSdConfig, servers?: readonly string[]): Discovery {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (servers) resolver.setServers(servers);
  const ask = records[config.type];
  const refresh = refreshing(config.refreshMs, async () => {
    const groups: TargetGroup[] = [];
    const failures: string[] = [];
    const kept: string[] = [];
    const one = async (name: string): Promise<void> => {
      try {
        const found = await ask(resolver, name, config.port).catch((error) => {
          if (isNone(error)) return [];
          throw error;
        });
        groups.push({ source: name, targets: found.map((each) => targetOf(name, each)), labels: new Map() });
      } catch (error) {
        kept.push(name);
        failures.push(`could not resolve ${JSON.stringify(name)}: ${error instanceof Error ? error.message : error}`);
      }
    };
    await Promise.all(config.names.map(one));
    return { groups, failures, kept };
  });
  return {
    start: refresh.start,
    close: async () => {
      resolver.cancel();
      await refresh.close();
    },
  };
}
