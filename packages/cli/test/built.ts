import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Where the published package is put together. */
export const PACKAGE = resolve(ROOT, 'packages/cli');

export interface Built {
  /** To be removed in the end. */
  readonly dir: string;
  readonly entry: string;
  readonly examplesDir: string;
}

/** Builds the command where that has not happened yet. What is there is taken as it is. */
export function ensureBuilt(): void {
  const parts = ['nightshift.js', 'web/index.html', 'examples/url-shortener/v2/dist/main.js'];
  if (parts.every((part) => existsSync(join(PACKAGE, 'dist', part)))) return;
  const { status, stderr } = spawnSync(process.execPath, ['tools/build.mjs'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`tools/build.mjs ended with ${status}:\n${stderr}`);
}

/** A copy of the build, inside node_modules so that dependencies are found: a build meanwhile does not pull files away. */
export function copyOfBuild(): Built {
  ensureBuilt();
  const dir = mkdtempSync(join(ROOT, 'node_modules/.nightshift-test-'));
  cpSync(join(PACKAGE, 'dist'), dir, { recursive: true });
  return { dir, entry: join(dir, 'nightshift.js'), examplesDir: join(dir, 'examples/url-shortener') };
}
