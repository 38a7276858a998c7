/**
 * What every command does first: install when the lock file changed, build when a source changed. Plain JavaScript,
 * because it runs before anything is installed and Node 20 does not read TypeScript.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** What only tests and benchmarks need is large, and is installed for them alone. */
const forTests = {
  'packages/node/test': 'frameworks, drivers and rivals of packages/node',
  'tools/assembly': 'the compiler of the loops in packages/*/assembly',
};
const buildStamp = join(root, 'packages/cli/dist/.build-stamp');

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Nightshift needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function run(command, args) {
  const shell = process.platform === 'win32';
  // Progress goes to stderr: a command's own output on stdout may be read by a script.
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, 'inherit'], shell });
  if (status !== 0) process.exit(status ?? 1);
}

const stampOf = (dir) => join(dir, 'node_modules/.nightshift-install');

function install(dir, what, ...flags) {
  const wanted = createHash('sha256')
    .update(read(join(dir, 'package-lock.json')))
    .update(process.platform + process.arch)
    .digest('hex');
  if (read(stampOf(dir)) === wanted) return;
  console.error(`Installing ${what} (once) …`);
  run('npm', ['ci', '--prefix', dir, '--no-fund', '--no-audit', '--loglevel=error', ...flags]);
  writeFileSync(stampOf(dir), wanted);
}

/** Names, sizes and times of all that goes into the build. */
function sourcePrint() {
  const hash = createHash('sha256');
  const walk = (dir) => {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'test') continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (!/\.test\.tsx?$/.test(entry.name)) {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path}:${size}:${mtimeMs}\n`);
      }
    }
  };
  for (const dir of ['packages', 'examples', 'tools']) walk(join(root, dir));
  return hash.update(read(stampOf(root))).digest('hex');
}

async function build() {
  const print = sourcePrint();
  if (read(buildStamp) === print) return;
  console.error('Building …');
  const { buildAll } = await import('./build.mjs');
  await buildAll(root);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, print);
}

/** Enough for commands that run sources and need no built product. */
export function ensureInstalled() {
  requireNode();
  // --include=dev: the build needs esbuild and vite also where NODE_ENV is production.
  install(root, 'what package-lock.json names', '--include=dev');
}

/** Without their scripts: some would fetch programs from elsewhere. */
export function ensureForTests() {
  for (const [dir, what] of Object.entries(forTests)) install(join(root, dir), what, '--ignore-scripts');
}

export async function ensureReady() {
  ensureInstalled();
  await build();
}
