/** Bundles of the applications and the library, and the files that are served. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { nextSource } from './apps/next-source.ts';

const here = import.meta.dirname;

/** Beside the sources, so that packages are found as they are by these. Each caller has its own; to be removed by it. */
export async function bundle(): Promise<string> {
  mkdirSync(join(here, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(here, 'dist', 'run-'));
  await build({
    entryPoints: [join(here, 'child.ts')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        // Packages stay packages; those of this repository are sources, and are taken in.
        name: 'packages',
        setup(context) {
          context.onResolve({ filter: /^[^./]/ }, ({ path }) =>
            path.startsWith('@nightshift/') ? undefined : { path, external: true },
          );
        },
      },
    ],
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

/** Files with a fixed time, so that their validators are the same each time. */
export function makeFiles(): { readonly folder: string; readonly remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'nightshift-equality-'));
  const folder = join(root, 'files');
  mkdirSync(folder);
  const contents = {
    'small.txt': 'a small file, grüße\n',
    'empty.txt': '',
    'big.bin': Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255)),
  };
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  return { folder, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Builds the application of Next below this folder, in a minute or two. Gives why not, where that fails. */
export async function buildNext(folder: string): Promise<string | undefined> {
  for (const [path, content] of Object.entries(nextSource)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  cpSync(join(folder, '../files'), join(folder, 'public/static'), { recursive: true, preserveTimestamps: true });
  const packages = join(here, '../node_modules');
  symlinkSync(packages, join(folder, 'node_modules'));
  const cli = join(packages, 'next/dist/bin/next');
  if (!existsSync(cli)) return 'next is not installed';
  const child = spawn(process.execPath, [cli, 'build', '--webpack'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 150_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? undefined : `next build ended with ${code}: ${said.slice(-2000)}`;
}
