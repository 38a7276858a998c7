import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes the tokens of inserts last as long as their rows. ClickHouse syncs a part (fsync_after_insert, fsync_part_directory) but
 * not the file in which it notes the token, `deduplication_logs/deduplication_log_N.txt` below the table: after a power cut
 * the rows could be there, the token not, and the same batch would be stored again. Syncing a file by another descriptor
 * syncs what ClickHouse wrote.
 */
export class TokenLog {
  readonly #paths = new Map<string, readonly string[]>();
  /** Files whose names are on disk. */
  readonly #named = new Set<string>();

  /** `pathsOf` gives the directories of a table. */
  constructor(private readonly pathsOf: (table: string) => Promise<readonly string[]>) {}

  /** Resolves when the tokens noted so far are on disk; at once for a table that keeps none. */
  async sync(table: string): Promise<void> {
    let paths = this.#paths.get(table);
    if (!paths) {
      paths = await this.pathsOf(table);
      this.#paths.set(table, paths);
    }
    for (const path of paths) await this.#syncNewest(join(path, 'deduplication_logs'));
  }

  async #syncNewest(dir: string): Promise<void> {
    const numbers = (await readdir(dir).catch(() => [])).flatMap((name) => /_(\d+)\.txt$/.exec(name)?.[1] ?? []);
    if (numbers.length === 0) return;
    const file = join(dir, `deduplication_log_${Math.max(...numbers.map(Number))}.txt`);
    await syncPath(file);
    if (this.#named.has(file)) return;
    await syncPath(dir);
    this.#named.add(file);
  }
}

/** Of a file its bytes, of a directory the names in it. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
