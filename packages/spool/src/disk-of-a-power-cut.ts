/**
 * What a disk may hold after the power went: follows every write and sync of real files below a directory, and makes from
 * them one of the states that POSIX allows. What was synced is there. Of what was not, each block of 512 bytes is there or is
 * not, in any order, and one of them may be torn: what was there before stays, what was written is partly garbage. A name is
 * there for certain when its directory was synced; a file that was removed may be back. Linux only (it finds a file by its
 * descriptor).
 */
import { constants, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const BLOCK = 512;

interface FileState {
  /** What is on the disk for certain. */
  synced: Buffer;
  /** Writes since, in their order; `size` for a truncation. */
  waiting: ({ readonly at: number; readonly bytes: Buffer } | { readonly size: number })[];
  isNamed: boolean;
}

type Method = (...args: unknown[]) => Promise<unknown>;
type Methods = Record<'write' | 'writev' | 'truncate' | 'datasync' | 'sync', Method>;

export class WatchedDisk {
  readonly #files = new Map<string, FileState>();
  readonly #undo: () => void;

  private constructor(
    private readonly dir: string,
    methods: Methods,
    /** Before every write and sync. */
    private readonly onStep: () => void,
  ) {
    const real = { ...pick(methods) };
    this.#undo = () => Object.assign(methods, real);
    type Note = (file: FileState, path: string, args: unknown[], handle: FileHandle) => () => void;
    const watch = (name: keyof Methods, note: Note) => {
      const self = this;
      methods[name] = async function (this: FileHandle, ...args: unknown[]) {
        const path = pathOf(this);
        if (path !== self.dir && dirname(path) !== self.dir) return real[name].apply(this, args);
        self.onStep();
        const done = note(self.#file(path), path, args, this);
        const answer = await real[name].apply(this, args);
        done();
        return answer;
      };
    };
    const written = (file: FileState, handle: FileHandle, at: number, bytes: Buffer) => {
      const changes = blocks(at, bytes);
      file.waiting.push(...changes);
      return () => {
        if (!isSynchronous(handle)) return;
        file.synced = changes.reduce(applied, file.synced);
        file.waiting = file.waiting.filter((one) => !changes.includes(one as (typeof changes)[number]));
      };
    };
    watch('write', (file, _path, [bytes, offset = 0, length, position], handle) => {
      const data = bytes as Uint8Array;
      const from = Number(offset);
      const part = data.subarray(from, from + Number(length ?? data.length));
      return written(file, handle, Number(position), Buffer.from(part));
    });
    watch('writev', (file, _path, [parts, position], handle) =>
      written(file, handle, Number(position), Buffer.concat(parts as Uint8Array[])),
    );
    watch('truncate', (file, _path, [size]) => {
      file.waiting.push({ size: Number(size) });
      return () => {};
    });
    const synced = (file: FileState, path: string) => {
      // Only what was written before it began, and only once it has ended.
      const before = file.waiting.length;
      return () => {
        if (path === this.dir) for (const one of this.#files.values()) one.isNamed = true;
        file.synced = file.waiting.splice(0, before).reduce(applied, file.synced);
      };
    };
    watch('datasync', synced);
    watch('sync', synced);
  }

  static async watch(dir: string, onStep: () => void): Promise<WatchedDisk> {
    const handle = await open(dir, 'r');
    const methods = Object.getPrototypeOf(handle) as Methods;
    await handle.close();
    return new WatchedDisk(dir, methods, onStep);
  }

  /** The file is on the disk as it is. */
  holds(path: string): void {
    this.#files.set(path, { synced: readFileSync(path), waiting: [], isNamed: true });
  }

  /** Writes one of the possible states into another directory. `random` gives numbers from 0 up to 1. */
  cutInto(dir: string, random: () => number): void {
    mkdirSync(dir);
    for (const [path, { synced, waiting, isNamed }] of this.#files) {
      if (path === this.dir || (!isNamed && random() < 0.5)) continue;
      const torn = random() < 0.5 ? Math.floor(random() * waiting.length) : -1;
      const state = waiting.reduce((bytes, change, i) => {
        if (i === torn && 'bytes' in change) return applied(bytes, { ...change, bytes: garbage(change.bytes, random) });
        return random() < 0.5 ? applied(bytes, change) : bytes;
      }, synced);
      writeFileSync(join(dir, basename(path)), state);
    }
  }

  stop(): void {
    this.#undo();
  }

  #file(path: string): FileState {
    const known = this.#files.get(path) ?? { synced: Buffer.alloc(0), waiting: [], isNamed: false };
    this.#files.set(path, known);
    return known;
  }
}

const pick = ({ write, writev, truncate, datasync, sync }: Methods): Methods => ({
  ...{ write, writev, truncate, datasync, sync },
});

/** Whether its writes are on the disk when they have ended: open(2), `O_DSYNC`; proc_pid_fdinfo(5) for the flags, which are octal. */
function isSynchronous({ fd }: FileHandle): boolean {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & constants.O_DSYNC) !== 0;
}

const pathOf = (handle: FileHandle): string => readlinkSync(`/proc/self/fd/${handle.fd}`).replace(/ \(deleted\)$/, '');

function blocks(at: number, bytes: Buffer): { at: number; bytes: Buffer }[] {
  const pieces: { at: number; bytes: Buffer }[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + BLOCK - ((at + from) % BLOCK));
    pieces.push({ at: at + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return pieces;
}

function applied(file: Buffer, change: FileState['waiting'][number]): Buffer {
  if ('size' in change) return Buffer.concat([file.subarray(0, change.size)], change.size);
  const { at, bytes } = change;
  const grown = Buffer.concat([file], Math.max(file.length, at + bytes.length));
  bytes.copy(grown, at);
  return grown;
}

/** A block of which only the beginning was written. */
function garbage(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = Math.floor(random() * copy.length); i < copy.length; i++) copy[i] = Math.floor(random() * 256);
  return copy;
}
