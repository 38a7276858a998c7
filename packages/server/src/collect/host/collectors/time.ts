import { Families, gauge } from '../family.ts';
import type { Collector } from './collector.ts';

const seconds = gauge('node_time_seconds', 'System time in seconds since epoch (1970).');
const dir = 'sys/devices/system/clocksource';
const availableInfo = gauge('node_time_clocksource_available_info', `Available clocksources read from '/${dir}'.`);
const currentInfo = gauge('node_time_clocksource_current_info', `Current clocksource read from '/${dir}'.`);

/** `now` in Unix milliseconds. */
export const createTime = (now: () => number): Collector => ({
  name: 'time',
  collect: async (host) => {
    const families = new Families();
    families.add(seconds, now() / 1000);
    for (const name of await host.list(dir)) {
      const [, device] = /^clocksource(\d+)$/.exec(name) ?? [];
      if (device === undefined) continue;
      const read = async (file: string): Promise<string[]> => {
        const text = await host.read(`${dir}/${name}/${file}`).catch(() => '');
        return text.split(/\s+/).filter((word) => word !== '');
      };
      for (const clocksource of await read('available_clocksource')) {
        families.add(availableInfo, 1, { clocksource, device });
      }
      for (const clocksource of await read('current_clocksource')) {
        families.add(currentInfo, 1, { clocksource, device });
      }
    }
    return families.list();
  },
});
