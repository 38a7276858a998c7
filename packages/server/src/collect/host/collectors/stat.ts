import { counter, Families, type Family, gauge, type MetricKind } from '../family.ts';
import { numberOf, rows } from '../text.ts';
import { fromFile } from './collector.ts';

const kinds = new Map<string, MetricKind>([
  ['intr', counter('node_intr_total', 'Total number of interrupts serviced.')],
  ['ctxt', counter('node_context_switches_total', 'Total number of context switches.')],
  ['processes', counter('node_forks_total', 'Total number of forks.')],
  ['btime', gauge('node_boot_time_seconds', 'Node boot time, in unixtime.')],
  ['procs_running', gauge('node_procs_running', 'Number of processes in runnable state.')],
  ['procs_blocked', gauge('node_procs_blocked', 'Number of processes blocked waiting for I/O to complete.')],
]);

/** What /proc/stat says of the machine as a whole (proc_stat(5)). */
export function parseStat(text: string): Family[] {
  const families = new Families();
  for (const [name = '', value] of rows(text)) {
    const kind = kinds.get(name);
    if (kind) families.add(kind, numberOf(value));
  }
  return families.list();
}

export const stat = fromFile('stat', 'proc/stat', parseStat);
