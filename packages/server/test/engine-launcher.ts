import { mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { EngineLauncher } from '../src/engine/engine-child.ts';

/** Bundles the engine's child the way the command does, below node_modules so that `chdb` is found, and says how to start it. */
export async function engineLauncher(): Promise<EngineLauncher> {
  const dir = mkdtempSync(join(resolve('node_modules'), '.nightshift-test-engine-'));
  const entry = join(dir, 'entry.mjs');
  const main = join(dir, 'main.ts');
  writeFileSync(
    main,
    `import { runEngineChild } from ${JSON.stringify(resolve('packages/server/src/engine/child.ts'))};\nrunEngineChild(process.argv.slice(2));\n`,
  );
  await build({
    entryPoints: [main],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return { command: process.execPath, args: ['--max-old-space-size=64', entry] };
}
