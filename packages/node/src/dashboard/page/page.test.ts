import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { expect, it } from 'vitest';

const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at(entry)],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2023',
    charset: 'ascii',
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0]!.text.trim();
}

/** The library runs without a build of its own, so what browsers get is kept beside its sources: `npx vitest run -u THIS`. */
it('is what its sources say', async () => {
  const style = (await transform(readFileSync(at('style.css'), 'utf8'), { loader: 'css', minify: true })).code.trim();
  const parts = { dashboardScript: await bundled('main.ts'), loginScript: await bundled('login.ts'), style };
  for (const text of Object.values(parts)) expect(text).not.toMatch(/<\/(script|style)|<!--/i);
  const lines = Object.entries(parts).map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};\n`);
  await expect(`// Made by page.test.ts from what is beside it.\n${lines.join('')}`).toMatchFileSnapshot(
    './page.generated.ts',
  );
});
