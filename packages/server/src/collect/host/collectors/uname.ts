import { machine } from 'node:os';
import { gauge } from '../family.ts';
import type { Collector } from './collector.ts';

const info = gauge('node_uname_info', 'Labeled system information as provided by the uname system call.');

/** Each part of uname(2) that is a file of /proc/sys/kernel. */
const parts = {
  domainname: 'domainname',
  nodename: 'hostname',
  release: 'osrelease',
  sysname: 'ostype',
  version: 'version',
};

export const uname: Collector = {
  name: 'uname',
  collect: async (host) => {
    const read = async ([label, file]: [string, string]) => {
      return [label, (await host.read(`proc/sys/kernel/${file}`)).trim()] as const;
    };
    const labels = Object.fromEntries(await Promise.all(Object.entries(parts).map(read)));
    return [{ ...info, samples: [{ labels: { ...labels, machine: machine() }, value: 1 }] }];
  },
};
