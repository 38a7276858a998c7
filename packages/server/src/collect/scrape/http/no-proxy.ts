import { BlockList, isIP } from 'node:net';

const stripped = (host: string): string => host.toLowerCase().replace(/^\[|\]$/g, '');

function isInside(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  if (isIP(address) === 0 || isIP(host) === 0) return false;
  const list = new BlockList();
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, Number(bits), family);
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** Whether an address is asked without the proxy: `*`, names with their subdomains, `.subdomains-only`, addresses, networks, each perhaps with a port. */
export function isDirect(url: URL, noProxy: string): boolean {
  const host = stripped(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy.split(',').some((entry) => {
    const text = entry.trim().toLowerCase();
    if (text === '') return false;
    if (text === '*') return true;
    if (text.includes('/')) return isInside(host, text);
    const [, name = text, wantedPort] = /^(.*?)(?::(\d+))?$/.exec(isIP(text) === 6 ? `[${text}]` : text) ?? [];
    if (wantedPort !== undefined && wantedPort !== port) return false;
    const domain = stripped(name).replace(/^\*\./, '.');
    return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
  });
}
