/**
 * ClickHouse notes the token of an insert before its part has its name (MergeTreeSink: the deduplication log first, then the
 * rename). Killed in between, it takes the same insert for one that it has, and the rows are nowhere. So after each start
 * tokens are looked for whose part is not there, and forgotten before anything is inserted.
 *
 * A line of `deduplication_logs/deduplication_log_N.txt`, below the table, is the operation (1 noted, 2 forgotten), the name of
 * the part and the token, with tabs between them. A part is PARTITION_FIRST_LAST_LEVEL[_MUTATION], by the numbers of its
 * first and last block; it is there if a directory of its partition has these blocks, since parts are merged.
 */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from './token-log.ts';

const LOG = /^deduplication_log_(\d+)\.txt$/;
const NAME = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/** Of each table: what was under way at a kill was noted last. The rows of older ones may be gone because they expired. */
const NEWEST = 8;

interface Blocks {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

function blocksOf(part: string): Blocks | undefined {
  const [, partition, first, last] = NAME.exec(part) ?? [];
  return partition === undefined ? undefined : { partition, first: Number(first), last: Number(last) };
}

/** By log file the lines whose part is not there. `dataDir` is ClickHouse's `path`. */
export async function lostTokens(dataDir: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  const store = join(dataDir, 'store');
  for (const prefix of await namesIn(store)) {
    for (const table of await namesIn(join(store, prefix))) {
      const dir = join(store, prefix, table);
      const logs = await readLogs(join(dir, 'deduplication_logs'));
      if (logs.length === 0) continue;
      // Read behind the logs: a part of which they say that it is there has its name by now.
      const parts = (await namesIn(dir)).flatMap((name) => blocksOf(name) ?? []);
      for (const [file, lost] of lostIn(logs, parts)) found.set(file, lost);
    }
  }
  return found;
}

interface Log {
  readonly file: string;
  readonly lines: readonly string[];
}

function lostIn(logs: readonly Log[], parts: readonly Blocks[]): Map<string, Set<string>> {
  /** By token, in the order in which they were noted. */
  const noted = new Map<string, { readonly file: string; readonly line: string; readonly part: string }>();
  for (const { file, lines } of logs) {
    for (const line of lines) {
      const [what, part = '', token = ''] = line.split('\t');
      noted.delete(token);
      if (what === '1') noted.set(token, { file, line, part });
    }
  }
  const found = new Map<string, Set<string>>();
  for (const { file, line, part } of [...noted.values()].slice(-NEWEST)) {
    const blocks = blocksOf(part);
    if (!blocks || parts.some((one) => has(one, blocks))) continue;
    found.set(file, (found.get(file) ?? new Set()).add(line));
  }
  return found;
}

const has = (one: Blocks, other: Blocks): boolean =>
  one.partition === other.partition && one.first <= other.first && other.last <= one.last;

/** The oldest first. */
async function readLogs(dir: string): Promise<Log[]> {
  const numberOf = (name: string) => Number(LOG.exec(name)?.[1]);
  const names = (await namesIn(dir)).filter((name) => LOG.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  return Promise.all(names.map((name) => join(dir, name)).map(async (file) => ({ file, lines: await linesOf(file) })));
}

/** None of one that ClickHouse has given up meanwhile, as it does with old ones when it starts. */
async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n');
}

/** None of what is no directory or is not there any more. */
async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

/** Takes those lines out of the logs, durably, and says how many they are. To be called while no ClickHouse has the directory. */
export async function forgetLostTokens(dataDir: string): Promise<number> {
  let forgotten = 0;
  for (const [file, lost] of await lostTokens(dataDir)) {
    const lines = await linesOf(file);
    // Not beside it: ClickHouse reads whatever stands there.
    const written = join(dataDir, 'tokens.new');
    await writeFile(written, lines.filter((line) => !lost.has(line)).join('\n'), { mode: 0o640, flush: true });
    await rename(written, file);
    await syncPath(dirname(file));
    forgotten += lost.size;
  }
  return forgotten;
}
