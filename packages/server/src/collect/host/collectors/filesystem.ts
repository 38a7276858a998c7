import { Families, gauge } from '../family.ts';
import type { FilesystemSize, Host } from '../host.ts';
import type { Collector } from './collector.ts';

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readOnly: boolean;
}

const size = gauge('node_filesystem_size_bytes', 'Filesystem size in bytes.');
const free = gauge('node_filesystem_free_bytes', 'Filesystem free space in bytes.');
const available = gauge('node_filesystem_avail_bytes', 'Filesystem space available to non-root users in bytes.');
const files = gauge('node_filesystem_files', 'Filesystem total file nodes.');
const filesFree = gauge('node_filesystem_files_free', 'Filesystem total free file nodes.');
const readOnlyStatus = gauge('node_filesystem_readonly', 'Filesystem read-only status.');
const failed = gauge(
  'node_filesystem_device_error',
  'Whether an error occurred while getting statistics for the given device.',
);

/** Those of the kernel itself, and of containers. */
const excludedPlaces =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;

/** Those that hold no files of anybody, and those that only show another one's. */
const excludedTypes =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;

/** Spaces and the like stand as `\040` in the file. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** /proc/self/mountinfo (proc_pid_mountinfo(5)) without what is excluded; of two at one place the first. */
export function parseMounts(text: string): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , , place, options = ''] = left.split(' ');
    const [fstype, device, superOptions = ''] = right.split(' ');
    if (!place || !fstype || device === undefined) continue;
    const mountpoint = unescaped(place);
    if (excludedPlaces.test(mountpoint) || excludedTypes.test(fstype)) continue;
    const readOnly = [...options.split(','), ...superOptions.split(',')].includes('ro');
    const key = `${device} ${place} ${fstype}`;
    if (!mounts.has(key)) mounts.set(key, { device: unescaped(device), mountpoint, fstype, readOnly });
  }
  return [...mounts.values()];
}

/** A network filesystem whose server is away answers never; what is asked of it holds a thread until then. */
const patienceMs = 5000;

/** Of every mount its size, or undefined where it could not be told. */
export class Sizes {
  /** Mounts that still owe an answer, and are not asked again before. */
  readonly #owing = new Set<string>();

  async of(host: Host, mountpoint: string): Promise<FilesystemSize | undefined> {
    if (this.#owing.has(mountpoint)) return undefined;
    this.#owing.add(mountpoint);
    const answer = host
      .size(mountpoint)
      .catch(() => undefined)
      .finally(() => this.#owing.delete(mountpoint));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patienceMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

export function createFilesystem(sizes = new Sizes()): Collector {
  return {
    name: 'filesystem',
    mayBeEmpty: true,
    collect: async (host) => {
      const families = new Families();
      const mounts = parseMounts(await host.read('proc/self/mountinfo'));
      const found = await Promise.all(mounts.map(({ mountpoint }) => sizes.of(host, mountpoint)));
      for (const [i, { device, mountpoint, fstype, readOnly }] of mounts.entries()) {
        const labels = { device, fstype, mountpoint };
        const known = found[i];
        families.add(failed, known ? 0 : 1, labels);
        if (!known) continue;
        families.add(size, known.blocks * known.blockBytes, labels);
        families.add(free, known.free * known.blockBytes, labels);
        families.add(available, known.available * known.blockBytes, labels);
        families.add(files, known.files, labels);
        families.add(filesFree, known.filesFree, labels);
        families.add(readOnlyStatus, readOnly ? 1 : 0, labels);
      }
      return families.list();
    },
  };
}
