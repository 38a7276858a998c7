/** `npm run bench -- NAME`: bundles bench/NAME.ts and runs it; without a name it lists what there is. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureForTests, ensureReady, root } from './setup.mjs';
import { stopChildrenOnSignals } from './stop-children.mjs';

await ensureReady();
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const name = process.argv[2];
if (!name || !names.includes(name)) {
  console.error(`npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
// Beside what the library is measured stands with its tests.
if (name === 'node') ensureForTests();
const outfile = join(root, 'node_modules/.nightshift-bench', `${name}.mjs`);
const { build } = await import('esbuild');
await build({
  entryPoints: [join(root, 'bench', `${name}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  // Sources, which Node 20 does not read.
  alias: Object.fromEntries(
    ['promql', 'spool', 'wire'].map((each) => [`@nightshift/${each}`, join(root, `packages/${each}/src/index.ts`)]),
  ),
  logLevel: 'warning',
});
process.chdir(root);
stopChildrenOnSignals();
await import(pathToFileURL(outfile).href);
