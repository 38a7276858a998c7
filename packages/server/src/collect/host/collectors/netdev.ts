import { counter, Families, type Family } from '../family.ts';
import { numberOf } from '../text.ts';
import { fromFile } from './collector.ts';

/** The columns of the file (proc_pid_net(5)): eight of what came in, eight of what went out. */
const columns = [
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'].map((name) => `receive_${name}`),
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'].map((name) => `transmit_${name}`),
];

const kinds = columns.map((name) => counter(`node_network_${name}_total`, `Network device statistic ${name}.`));

/** /proc/net/dev. */
export function parseNetdev(text: string): Family[] {
  const families = new Families();
  for (const line of text.split('\n')) {
    const [, device, rest = ''] = /^\s*([^\s|]+):(.*)$/.exec(line) ?? [];
    if (device === undefined) continue;
    const values = rest.trim().split(/\s+/);
    for (const [i, kind] of kinds.entries()) families.add(kind, numberOf(values[i]), { device });
  }
  return families.list();
}

export const netdev = fromFile('netdev', 'proc/net/dev', parseNetdev, true);
