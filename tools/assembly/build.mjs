/**
 * Compiles the hot loops to WebAssembly and puts each module, as text, beside what uses it: `node tools/assembly/build.mjs`,
 * after `npm ci` in this folder. Nothing else needs the compiler, so it is a dependency of this folder alone, and `npm test`
 * installs it.
 */
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** What is compiled, and into which file. */
export const modules = [
  {
    source: 'packages/wire/assembly/write.ts',
    target: 'packages/wire/src/remote-write/write-module.generated.ts',
    name: 'WRITE_MODULE',
  },
  {
    source: 'packages/promql/assembly/rows.ts',
    target: 'packages/promql/src/engine/rowLoops.generated.ts',
    name: 'ROW_LOOPS',
  },
];

/** The text of the generated file. Throws where the compiler is missing or refuses the source. */
export async function compile({ source, name }) {
  const { default: asc } = await import('assemblyscript/asc');
  const options = [
    ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--importMemory'],
    ...['--enable', 'simd,bulk-memory', '--baseDir', join(root, dirname(source)), '--outFile', 'module.wasm'],
  ];
  let binary;
  const { error, stderr } = await asc.main([basename(source), ...options], {
    writeFile(file, contents) {
      if (file === 'module.wasm') binary = contents;
    },
  });
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`);
  const text = Buffer.from(binary).toString('base64');
  return `/** ${source}, compiled. */\nexport const ${name} =\n  '${text}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const each of modules) writeFileSync(join(root, each.target), await compile(each));
}
