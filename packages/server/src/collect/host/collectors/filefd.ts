import { Families, type Family, gauge } from '../family.ts';
import { numberOf } from '../text.ts';
import { fromFile } from './collector.ts';

const allocated = gauge('node_filefd_allocated', 'File descriptor statistics: allocated.');
const maximum = gauge('node_filefd_maximum', 'File descriptor statistics: maximum.');

/** /proc/sys/fs/file-nr (proc_sys_fs(5)). */
export function parseFilefd(text: string): Family[] {
  const families = new Families();
  const [used, , most] = text.trim().split(/\s+/);
  families.add(allocated, numberOf(used));
  families.add(maximum, numberOf(most));
  return families.list();
}

export const filefd = fromFile('filefd', 'proc/sys/fs/file-nr', parseFilefd);
