import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export type ExampleVersion = 'v1' | 'v2';

/**
 * Makes a release directory of one version of the example: `outDir/src` (the sources), `outDir/public`, `package.json`
 * and `outDir/dist/main.js` with a source map that points back to `src/`, so that the stack frames of a run with
 * `node --enable-source-maps dist/main.js` name `outDir/src/store.ts`. What was in `outDir` before is removed.
 */
export async function buildExample(
  version: ExampleVersion,
  outDir: string,
  exampleDir: string = fileURLToPath(new URL('.', import.meta.url)),
): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  for (const part of ['src', 'public', 'package.json', 'tsconfig.json']) {
    await cp(join(exampleDir, version, part), join(outDir, part), { recursive: true });
  }
  await build({
    entryPoints: [join(outDir, 'src/main.ts')],
    outfile: join(outDir, 'dist/main.js'),
    bundle: true,
    // The release directory may be anywhere; the library is found from here, and travels within the bundle.
    nodePaths: [join(exampleDir, '../../node_modules')],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
  });
}
