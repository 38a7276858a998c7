import { Families, type Family, gauge } from '../family.ts';
import { numberOf, rows } from '../text.ts';
import { fromFile } from './collector.ts';

/** /proc/meminfo (proc_meminfo(5)): `Active(anon): 12 kB` becomes `node_memory_Active_anon_bytes`. */
export function parseMeminfo(text: string): Family[] {
  const families = new Families();
  for (const [key = '', value, unit] of rows(text)) {
    const [, name] = /^(\w+(?:\(\w+\))?):$/.exec(key) ?? [];
    if (name === undefined) continue;
    const field = name.replace(/\((\w+)\)/, '_$1') + (unit === 'kB' ? '_bytes' : '');
    const count = numberOf(value);
    families.add(
      gauge(`node_memory_${field}`, `Memory information field ${field}.`),
      count === undefined || unit !== 'kB' ? count : count * 1024,
    );
  }
  return families.list();
}

export const meminfo = fromFile('meminfo', 'proc/meminfo', parseMeminfo);
