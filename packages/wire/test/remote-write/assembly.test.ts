import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Module {
  readonly source: string;
  readonly target: string;
}

interface Build {
  readonly modules: readonly Module[];
  compile(module: Module): Promise<string>;
}

const root = join(import.meta.dirname, '../../../..');
const compiler = existsSync(join(root, 'tools/assembly/node_modules/assemblyscript'));

describe('the hot loops in WebAssembly', () => {
  it.skipIf(!compiler)(
    'are what their sources compile to (needs what npm test installs in tools/assembly)',
    async () => {
      const { modules, compile } = (await import(`${root}/tools/assembly/build.mjs`)) as Build;
      expect(modules.length).toBeGreaterThan(1);
      for (const module of modules)
        expect(readFileSync(join(root, module.target), 'utf8'), module.target).toBe(await compile(module));
    },
  );
});
