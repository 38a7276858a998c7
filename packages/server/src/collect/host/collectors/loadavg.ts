import { Families, type Family, gauge } from '../family.ts';
import { numberOf } from '../text.ts';
import { fromFile } from './collector.ts';

/** /proc/loadavg (proc_loadavg(5)). */
export function parseLoadavg(text: string): Family[] {
  const families = new Families();
  const values = text.trim().split(/\s+/);
  for (const [i, minutes] of [1, 5, 15].entries()) {
    families.add(gauge(`node_load${minutes}`, `${minutes}m load average.`), numberOf(values[i]));
  }
  return families.list();
}

export const loadavg = fromFile('loadavg', 'proc/loadavg', parseLoadavg);
