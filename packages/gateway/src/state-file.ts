import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Baseline, GuardSnapshot } from '@nightshift/guard';
import { syncDirectory } from '@nightshift/spool';
import type { ProcessIdentity } from './process-identity.ts';
import type { AppConfig, ReleaseSpec, VersionState } from './protocol.ts';

export interface SavedRelease {
  readonly spec: ReleaseSpec;
  readonly ordinal: number;
  readonly state: VersionState;
  readonly counts: Baseline;
  readonly requests: number;
  readonly failures: number;
  readonly restarts: number;
  readonly firstFailureAt: number | null;
}

export interface SavedApp {
  readonly config: AppConfig;
  readonly live: string | null;
  readonly lastGood: string | null;
  readonly guard: GuardSnapshot | null;
  readonly releases: readonly SavedRelease[];
}

export interface SavedState {
  /** Of this layout. */
  readonly version: 1;
  readonly apps: readonly SavedApp[];
  /** Processes that were running; a successor ends those that still are. */
  readonly children: readonly ProcessIdentity[];
}

const EMPTY: SavedState = { version: 1, apps: [], children: [] };

/**
 * DIR/state.json: the whole state as one JSON document, replaced atomically (write beside, fsync, rename, fsync the
 * directory), so that a reader finds the old one or the new one. It holds environment variables, hence mode 0600.
 */
export class StateFile {
  readonly #dir: string;
  readonly #collect: () => SavedState;
  #dirty = false;
  #closed = false;
  #writing: Promise<void> | null = null;

  constructor(dir: string, collect: () => SavedState) {
    this.#dir = dir;
    this.#collect = collect;
  }

  /** Writes the state as it will be in a moment; many calls share one write. */
  save(): void {
    if (this.#closed) return;
    this.#dirty = true;
    this.#writing ??= this.#writeWhileDirty();
  }

  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Writes what is due, and never again: from now on the file may be a successor's. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  async #writeWhileDirty(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      while (this.#dirty) {
        this.#dirty = false;
        await replaceDurably(this.#dir, 'state.json', JSON.stringify(this.#collect()));
      }
    } catch (error) {
      process.stderr.write(`gateway: state.json was not written: ${(error as Error).message}\n`);
    } finally {
      this.#writing = null;
    }
  }
}

/** @returns an empty state where there is none. @throws Error that names the file where it is not readable as one. */
export async function readState(dir: string): Promise<SavedState> {
  const path = join(dir, 'state.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY;
    throw error;
  }
  let state: SavedState;
  try {
    state = JSON.parse(text) as SavedState;
  } catch (error) {
    throw new Error(`${path} is damaged (${(error as Error).message}). Move it away to start without applications.`);
  }
  if (state.version !== 1) throw new Error(`${path} has version ${state.version}; this gateway reads version 1.`);
  return state;
}

async function replaceDurably(dir: string, name: string, content: string): Promise<void> {
  const path = join(dir, name);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(dir);
}
