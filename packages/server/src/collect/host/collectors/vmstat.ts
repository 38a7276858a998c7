import { Families, type Family } from '../family.ts';
import { numberOf, rows } from '../text.ts';
import { fromFile } from './collector.ts';

const wanted = /^(oom_kill|pgpg|pswp|pg.*fault)/;

/** /proc/vmstat (proc_vmstat(5)): memory that was paged, swapped and killed for. */
export function parseVmstat(text: string): Family[] {
  const families = new Families();
  for (const [name = '', value] of rows(text)) {
    if (!wanted.test(name) || !/^\w+$/.test(name)) continue;
    const help = `/proc/vmstat information field ${name}.`;
    families.add({ name: `node_vmstat_${name}`, type: 'unknown', help }, numberOf(value));
  }
  return families.list();
}

export const vmstat = fromFile('vmstat', 'proc/vmstat', parseVmstat);
