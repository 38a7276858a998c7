import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

export interface BuiltCommand {
  readonly entry: string;
  remove(): void;
}

/** The command as it is published, built from the sources as they are now, inside node_modules so that dependencies are found. */
export async function buildCommand(root = resolve('.')): Promise<BuiltCommand> {
  const dir = mkdtempSync(join(root, 'node_modules/.nightshift-test-'));
  const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'packages/cli/src/nightshift.ts', out: 'nightshift' },
      { in: 'packages/server/src/store/sample-blocks-thread.ts', out: 'sample-blocks-thread' },
    ],
    outdir: dir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return { entry: join(dir, 'nightshift.js'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}
