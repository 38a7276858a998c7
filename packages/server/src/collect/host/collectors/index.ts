import type { Collector } from './collector.ts';
import { createCpu } from './cpu.ts';
import { diskstats } from './diskstats.ts';
import { filefd } from './filefd.ts';
import { createFilesystem } from './filesystem.ts';
import { loadavg } from './loadavg.ts';
import { meminfo } from './meminfo.ts';
import { netclass } from './netclass.ts';
import { netdev } from './netdev.ts';
import { stat } from './stat.ts';
import { createTime } from './time.ts';
import { uname } from './uname.ts';
import { vmstat } from './vmstat.ts';

/** `now` in Unix milliseconds. */
export const createCollectors = (now: () => number): readonly Collector[] => [
  createCpu(),
  diskstats,
  filefd,
  createFilesystem(),
  loadavg,
  meminfo,
  netclass,
  netdev,
  stat,
  createTime(now),
  uname,
  vmstat,
];
