import { readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the files of the kernel are found; elsewhere than usual in a container that looks at its host. */
export interface HostPaths {
  readonly proc: string;
  readonly sys: string;
  readonly root: string;
}

/** Blocks of `blockBytes` bytes. */
export interface FilesystemSize {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly free: number;
  readonly available: number;
  readonly files: number;
  readonly filesFree: number;
}

/** What collectors read of a machine. Paths begin with `proc/` or `sys/`. */
export interface Host {
  /** Throws where it cannot be read. */
  read(path: string): Promise<string>;
  /** Names in a directory; none where it is not there. */
  list(path: string): Promise<readonly string[]>;
  /** Of what is mounted at a path of the host. Throws where it does not answer. */
  size(mountPoint: string): Promise<FilesystemSize>;
}

export const defaultHostPaths: HostPaths = { proc: '/proc', sys: '/sys', root: '/' };

export function openHost(paths: HostPaths): Host {
  const place = (path: string): string => {
    const [top = '', ...rest] = path.split('/');
    return join(top === 'proc' ? paths.proc : paths.sys, ...rest);
  };
  return {
    read: (path) => readFile(place(path), 'utf8'),
    list: (path) => readdir(place(path)).catch(() => []),
    size: async (mountPoint) => {
      const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(join(paths.root, mountPoint));
      return { blockBytes: bsize, blocks, free: bfree, available: bavail, files, filesFree: ffree };
    },
  };
}
