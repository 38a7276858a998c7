/** Bundles the command with everything of ours into packages/cli/dist; what npm installs stays outside of the bundle. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

async function bundleCommand(esbuild, root, out) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
  await esbuild.build({
    entryPoints: [
      { in: join(root, 'packages/cli/src/nightshift.ts'), out: 'nightshift' },
      // A thread is a file of its own.
      { in: join(root, 'packages/server/src/store/sample-blocks-thread.ts'), out: 'sample-blocks-thread' },
    ],
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

function bundleWeb(root, out) {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const args = [vite, 'build', '--logLevel', 'warn', '--emptyOutDir', '--outDir', join(out, 'web')];
  const { status } = spawnSync(process.execPath, args, {
    cwd: join(root, 'packages/web'),
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  if (status !== 0) throw new Error('the web application does not build');
}

/** The demo's two versions travel with the command, with their sources beside them, as a release directory would. */
async function bundleExamples(esbuild, root, out) {
  const built = join(out, 'build-example.mjs');
  await esbuild.build({
    entryPoints: [join(root, 'examples/url-shortener/build.ts')],
    outfile: built,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  });
  const { buildExample } = await import(pathToFileURL(built).href);
  for (const version of ['v1', 'v2'])
    await buildExample(version, join(out, 'examples/url-shortener', version), join(root, 'examples/url-shortener'));
  rmSync(built);
}

export async function buildAll(root) {
  const esbuild = await import('esbuild');
  const out = join(root, 'packages/cli/dist');
  rmSync(out, { recursive: true, force: true });
  await bundleCommand(esbuild, root, out);
  if (existsSync(join(root, 'packages/web/index.html'))) bundleWeb(root, out);
  if (existsSync(join(root, 'examples/url-shortener/build.ts'))) await bundleExamples(esbuild, root, out);
  cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
}

// Not awaited: set-up imports this very module, which must have ended by then.
if (process.argv[1]?.endsWith('build.mjs')) import('./setup.mjs').then(({ ensureReady }) => ensureReady());
