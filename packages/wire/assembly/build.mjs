/**
 * Compiles write.ts to WebAssembly and puts it, as text, beside what uses it: `node packages/wire/assembly/build.mjs`, after
 * `npm ci` in this folder. Nothing else needs the compiler, so it is a dependency of this folder alone, and `npm test` installs it.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const options = [
  ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--importMemory'],
  ...['--enable', 'simd,bulk-memory', '--baseDir', here, '--outFile', 'write.wasm'],
];

/** The text of the generated file. Throws where the compiler is missing or refuses the source. */
export async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const { error, stderr } = await asc.main(['write.ts', ...options], {
    writeFile(name, contents) {
      if (name === 'write.wasm') binary = contents;
    },
  });
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`);
  const text = Buffer.from(binary).toString('base64');
  return `/** packages/wire/assembly/write.ts, compiled. */\nexport const WRITE_MODULE =\n  '${text}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(here, '../src/remote-write/write-module.generated.ts'), await compile());
}
