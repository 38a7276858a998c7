import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'libsql';
import { NightshiftError } from '../errors/catalogue.ts';

export interface DataDirLock {
  readonly dir: string;
  /** May be called twice. */
  release(): void;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function holderOf(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return '(unknown)';
  }
}

// mkdirSync's own `recursive` never returns below /proc, where mkdir says ENOENT although the parent exists (Node 20).
function makeDir(dir: string): void {
  if (existsSync(dir)) return;
  if (!existsSync(dirname(dir))) makeDir(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}

/**
 * Takes the data directory for this process, creating it (mode 0700) where it is missing. Throws DATA_DIR_IN_USE with
 * the holder's process id, or DATA_DIR_UNWRITABLE.
 *
 * The lock is an open exclusive transaction on `lock.db`, that is a lock of the operating system on that file: it ends
 * with the process however it ends, so none is ever left behind, two starts at once cannot both take over, and process
 * ids that were reused or belong to another container do not matter. `lock.pid` is only there to be named.
 */
export function lockDataDir(dir: string): DataDirLock {
  const pidFile = join(dir, 'lock.pid');
  let lock: Database.Database | undefined;
  try {
    makeDir(resolve(dir));
    lock = new Database(join(dir, 'lock.db'));
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new NightshiftError('DATA_DIR_IN_USE', { dir, pid: holderOf(pidFile) });
    }
    throw new NightshiftError('DATA_DIR_UNWRITABLE', { dir, reason: reasonOf(error) });
  }
  const held = lock;
  return {
    dir,
    release: () => {
      if (!held.open) return;
      rmSync(pidFile, { force: true });
      held.close();
    },
  };
}
