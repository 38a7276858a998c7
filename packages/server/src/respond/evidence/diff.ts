import { execFile } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsePatch, type StructuredPatch, structuredPatch } from 'diff';
import type { DiffHunk } from '../../api/api.ts';

/** A hunk before it is ranked. */
export type SourceHunk = Pick<DiffHunk, 'file' | 'header' | 'lines'>;

export interface SourceVersion {
  readonly dir: string;
  readonly revision: string;
}

const IGNORED = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  'coverage',
  '__pycache__',
  '.venv',
  '.cache',
  'target',
]);
const COMPILED = new Set(['dist', 'build', 'out']);
const MOST_BYTES = 1 << 20;
const MOST_FILES = 20_000;
const MOST_HUNKS = 1_000;
const REVISION = /^(?!-)[\w./-]{1,200}$/;

/**
 * What changed from the good version to the bad one. Two git revisions are compared by git where the bad directory knows
 * both; else the directories as they are now, without dependencies, binary files, files over 1 MB and links; compiled
 * output counts only where nothing else differs. `note` says why there are no hunks, or what was left out, '' for neither.
 */
export async function sourceDiff(
  good: SourceVersion,
  bad: SourceVersion,
): Promise<{ hunks: SourceHunk[]; note: string }> {
  const byGit = await gitDiff(good, bad);
  if (byGit) return bounded(byGit, 'The two revisions are equal in this directory.');
  if (good.dir === bad.dir)
    return {
      hunks: [],
      note: `Both versions ran from ${bad.dir}, so the good source is gone; give each release a directory of its own, or its git revision.`,
    };
  for (const { dir } of [good, bad]) {
    if (!existsSync(dir)) return { hunks: [], note: `The directory ${dir} is gone.` };
  }
  const source = await compareDirectories(good.dir, bad.dir, (name) => !IGNORED.has(name) && !COMPILED.has(name));
  if (source.length > 0) return bounded(source, '');
  const compiled = await compareDirectories(good.dir, bad.dir, (name) => !IGNORED.has(name));
  return bounded(compiled, 'No text file differs between the two directories.');
}

function bounded(patches: readonly StructuredPatch[], noteIfEmpty: string): { hunks: SourceHunk[]; note: string } {
  const hunks = patches.flatMap(hunksOf);
  const note = hunks.length > MOST_HUNKS ? `Only the first ${MOST_HUNKS} of ${hunks.length} changes are kept.` : '';
  return { hunks: hunks.slice(0, MOST_HUNKS), note: hunks.length === 0 ? noteIfEmpty : note };
}

async function gitDiff(good: SourceVersion, bad: SourceVersion): Promise<StructuredPatch[] | undefined> {
  if (!existsSync(join(bad.dir, '.git')) || good.revision === bad.revision) return undefined;
  if (!REVISION.test(good.revision) || !REVISION.test(bad.revision)) return undefined;
  // What a repository configures must not run programs here.
  const safe = [
    '-c',
    'core.fsmonitor=false',
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'core.quotePath=false',
    '-C',
    bad.dir,
  ];
  const what = [
    'diff',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--relative',
    '-U3',
    good.revision,
    bad.revision,
    '--',
  ];
  try {
    const { stdout } = await promisify(execFile)('git', [...safe, ...what], { maxBuffer: 32 << 20, timeout: 20_000 });
    return parsePatch(stdout);
  } catch {
    return undefined;
  }
}

function hunksOf(patch: StructuredPatch): SourceHunk[] {
  const name = patch.newFileName === '/dev/null' ? patch.oldFileName : patch.newFileName;
  const file = (name ?? '').replace(/^[ab]\//, '');
  return patch.hunks.map((hunk) => ({
    file,
    header: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    lines: numbered(hunk.lines, hunk.oldStart, hunk.newStart),
  }));
}

function numbered(lines: readonly string[], oldStart: number, newStart: number): SourceHunk['lines'] {
  let oldLine = oldStart;
  let newLine = newStart;
  return lines
    .filter((line) => !line.startsWith('\\'))
    .map((line) => {
      const text = line.slice(1);
      if (line.startsWith('-')) return { kind: 'removed', text, oldLine: oldLine++, newLine: null } as const;
      if (line.startsWith('+')) return { kind: 'added', text, oldLine: null, newLine: newLine++ } as const;
      return { kind: 'context', text, oldLine: oldLine++, newLine: newLine++ } as const;
    });
}

async function compareDirectories(
  good: string,
  bad: string,
  isWanted: (name: string) => boolean,
): Promise<StructuredPatch[]> {
  const files = new Set([...(await listFiles(good, isWanted)), ...(await listFiles(bad, isWanted))]);
  const patches: StructuredPatch[] = [];
  for (const file of [...files].sort()) {
    const [before, after] = [await readText(join(good, file)), await readText(join(bad, file))];
    if (before === undefined || after === undefined || before === after) continue;
    const patch = structuredPatch(`a/${file}`, `b/${file}`, before, after, '', '', { context: 3, timeout: 2_000 });
    if (patch) patches.push(patch);
  }
  return patches;
}

async function listFiles(root: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const files: string[] = [];
  const pending = [''];
  while (pending.length > 0 && files.length < MOST_FILES) {
    const folder = pending.pop()!;
    for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
      if (!isWanted(entry.name)) continue;
      if (entry.isDirectory()) pending.push(join(folder, entry.name));
      else if (entry.isFile()) files.push(join(folder, entry.name));
    }
  }
  return files;
}

/** '' for a file that is not there, undefined for one that is too large, binary, not a file or unreadable. */
async function readText(path: string): Promise<string | undefined> {
  try {
    const about = lstatSync(path, { throwIfNoEntry: false });
    if (!about) return '';
    if (!about.isFile() || about.size > MOST_BYTES) return undefined;
    const bytes = await readFile(path);
    return bytes.includes(0) ? undefined : bytes.toString('utf8');
  } catch {
    return undefined;
  }
}
