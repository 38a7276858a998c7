import { counter, Families, type Family, gauge, type MetricKind } from '../family.ts';
import { numberOf, rows } from '../text.ts';
import { fromFile } from './collector.ts';

const named = (name: string, help: string): MetricKind => counter(`node_disk_${name}_total`, help);

/** Of the unit in which the kernel counts, whatever the disk's own is. */
const sectorBytes = 512;

const perMs = 1 / 1000;

/** In the order of the file (https://docs.kernel.org/admin-guide/iostats.html), each with what makes it one of the unit. */
const fields: readonly (readonly [MetricKind, number])[] = [
  [named('reads_completed', 'The total number of reads completed successfully.'), 1],
  [named('reads_merged', 'The total number of reads merged.'), 1],
  [named('read_bytes', 'The total number of bytes read successfully.'), sectorBytes],
  [named('read_time_seconds', 'The total number of seconds spent by all reads.'), perMs],
  [named('writes_completed', 'The total number of writes completed successfully.'), 1],
  [named('writes_merged', 'The number of writes merged.'), 1],
  [named('written_bytes', 'The total number of bytes written successfully.'), sectorBytes],
  [named('write_time_seconds', 'This is the total number of seconds spent by all writes.'), perMs],
  [gauge('node_disk_io_now', 'The number of I/Os currently in progress.'), 1],
  [named('io_time_seconds', 'Total seconds spent doing I/Os.'), perMs],
  [named('io_time_weighted_seconds', 'The weighted # of seconds spent doing I/Os.'), perMs],
  [named('discards_completed', 'The total number of discards completed successfully.'), 1],
  [named('discards_merged', 'The total number of discards merged.'), 1],
  [named('discarded_sectors', 'The total number of sectors discarded successfully.'), 1],
  [named('discard_time_seconds', 'This is the total number of seconds spent by all discards.'), perMs],
  [named('flush_requests', 'The total number of flush requests completed successfully'), 1],
  [named('flush_requests_time_seconds', 'This is the total number of seconds spent by all flush requests.'), perMs],
];

/** Partitions, and disks that are none. */
const excluded = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;

export function parseDiskstats(text: string): Family[] {
  const families = new Families();
  for (const [, , device = '', ...values] of rows(text)) {
    if (device === '' || excluded.test(device)) continue;
    for (const [i, [kind, factor]] of fields.entries()) {
      const value = numberOf(values[i]);
      // A division by a thousand is exact where a multiplication by its inverse is not.
      const scaled = value === undefined ? undefined : factor === perMs ? value / 1000 : value * factor;
      families.add(kind, scaled, { device });
    }
  }
  return families.list();
}

export const diskstats = fromFile('diskstats', 'proc/diskstats', parseDiskstats, true);
