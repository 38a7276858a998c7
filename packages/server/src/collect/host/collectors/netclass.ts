import { counter, Families, type Family, gauge, type MetricKind } from '../family.ts';
import type { Host } from '../host.ts';
import { anyNumberOf } from '../text.ts';
import type { Collector } from './collector.ts';

/** Texts of /sys/class/net/DEVICE by name of their file; '' for one that cannot be read. */
export type Attributes = Readonly<Record<string, string>>;

const property = (name: string): MetricKind =>
  (name.endsWith('_total') ? counter : gauge)(`node_network_${name}`, `Network device property: ${name}`);

/** Files and what becomes of them (https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-net). */
const numbers: readonly (readonly [file: string, kind: MetricKind])[] = [
  ['addr_assign_type', property('address_assign_type')],
  ['carrier', property('carrier')],
  ['carrier_changes', property('carrier_changes_total')],
  ['carrier_up_count', property('carrier_up_changes_total')],
  ['carrier_down_count', property('carrier_down_changes_total')],
  ['dev_id', property('device_id')],
  ['dormant', property('dormant')],
  ['flags', property('flags')],
  ['ifindex', property('iface_id')],
  ['iflink', property('iface_link')],
  ['link_mode', property('iface_link_mode')],
  ['mtu', property('mtu_bytes')],
  ['name_assign_type', property('name_assign_type')],
  ['netdev_group', property('net_dev_group')],
  ['tx_queue_len', property('transmit_queue_length')],
  ['type', property('protocol_type')],
];

const speed = property('speed_bytes');
const up = gauge('node_network_up', "Value is 1 if operstate is 'up', 0 otherwise.");
const info = gauge('node_network_info', 'Non-numeric data from /sys/class/net/<iface>, value is always 1.');

const texts = ['address', 'broadcast', 'duplex', 'ifalias', 'operstate'];

const files = [...numbers.map(([file]) => file), ...texts, 'speed'];

export function networkFamilies(devices: ReadonlyMap<string, Attributes>): Family[] {
  const families = new Families();
  for (const [device, attributes] of devices) {
    const text = (file: string): string => attributes[file] ?? '';
    families.add(up, text('operstate') === 'up' ? 1 : 0, { device });
    families.add(info, 1, { device, ...Object.fromEntries(texts.map((name) => [name, text(name)])) });
    for (const [file, kind] of numbers) families.add(kind, anyNumberOf(text(file)), { device });
    // Megabits; a negative one is not known.
    const megabits = anyNumberOf(text('speed')) ?? -1;
    if (megabits >= 0) families.add(speed, (megabits * 1e6) / 8, { device });
  }
  return families.list();
}

/** Many of them refuse to be read while the device is down. */
async function attributesOf(host: Host, device: string): Promise<Attributes> {
  const read = async (file: string) => {
    const text = await host.read(`sys/class/net/${device}/${file}`).catch(() => '');
    return [file, text.trim()] as const;
  };
  return Object.fromEntries(await Promise.all(files.map(read)));
}

export const netclass: Collector = {
  name: 'netclass',
  mayBeEmpty: true,
  collect: async (host) => {
    const devices = new Map<string, Attributes>();
    for (const device of await host.list('sys/class/net')) {
      const attributes = await attributesOf(host, device);
      // A file among the directories, such as bonding_masters, has none of them.
      if (attributes.ifindex !== '') devices.set(device, attributes);
    }
    return networkFamilies(devices);
  },
};
