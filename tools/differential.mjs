/** `npm run differential`: bundles conformance/differential/main.ts and runs it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureReady, root } from './setup.mjs';

await ensureReady();
const outfile = join(root, 'node_modules/.nightshift-conformance/differential.mjs');
const { build } = await import('esbuild');
await build({
  entryPoints: [join(root, 'conformance/differential/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
process.chdir(root);
await import(pathToFileURL(outfile).href);
