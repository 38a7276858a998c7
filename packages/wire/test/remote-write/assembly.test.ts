import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const wire = join(import.meta.dirname, '../..');
const compiler = await import('assemblyscript/asc' as string).catch(() => undefined);

describe('the hot loops of remote write', () => {
  it.skipIf(!compiler)('are what their source compiles to (needs assemblyscript, see assembly/build.mjs)', async () => {
    const { compile } = (await import(`${wire}/assembly/build.mjs`)) as { compile: () => Promise<string> };
    const file = join(wire, 'src/remote-write/write-module.generated.ts');
    expect(readFileSync(file, 'utf8')).toBe(await compile());
  });
});
