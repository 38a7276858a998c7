import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const wire = join(import.meta.dirname, '../..');
const compiler = existsSync(join(wire, 'assembly/node_modules/assemblyscript'));

describe('the hot loops of remote write', () => {
  it.skipIf(!compiler)('are what their source compiles to (needs what npm test installs in assembly/)', async () => {
    const { compile } = (await import(`${wire}/assembly/build.mjs`)) as { compile: () => Promise<string> };
    const file = join(wire, 'src/remote-write/write-module.generated.ts');
    expect(readFileSync(file, 'utf8')).toBe(await compile());
  });
});
