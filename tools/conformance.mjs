/** `npm run conformance`: bundles conformance/main.ts and runs it with the arguments that follow. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, root } from './setup.mjs';

ensureInstalled();
const outfile = join(root, 'node_modules/.nightshift-conformance/main.mjs');
const { build } = await import('esbuild');
// Packages of our own are sources, which Node does not read: they go into the bundle, and what npm installs stays outside.
const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
await build({
  entryPoints: [join(root, 'conformance/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: [...Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]), 'esbuild'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
// npm runs scripts in the project's root and says here where it was called.
const folder = process.env.INIT_CWD ?? process.cwd();
process.chdir(root);
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(process.argv.slice(2), folder);
