/** Declaration files of entries of packages/node, for import and for require, with those that they lead to. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';

const RELATIVE = /((?:from|import)\s*\(?\s*)(["'])(\.{1,2}\/[^"']+)\.ts\2/g;

function compile(root, entries, out) {
  const project = join(out, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    // Comments stay: they are what an editor shows.
    outDir: join(out, 'emitted'),
    rootDir: join(root, 'packages'),
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const files = entries.map((name) => join(root, `packages/node/src/${name}.ts`));
  // What packages without types of their own are declared as.
  const include = [join(root, 'packages/*/src/**/*.d.ts')];
  writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the declarations of @nightshift/node are not made:\n${stdout}`);
  return join(out, 'emitted/node/src');
}

/** Pairs of path and text: each declaration as `.d.ts`, which is of an ES module, and as `.d.cts`. */
export function declarationsOf(root, entries) {
  const out = mkdtempSync(join(tmpdir(), 'nightshift-types-'));
  try {
    const emitted = compile(root, entries, out);
    const found = new Map();
    const visit = (name) => {
      if (found.has(name)) return;
      const file = join(emitted, `${name}.d.ts`);
      if (!existsSync(file)) throw new Error(`${name}.ts is outside of packages/node/src and cannot be declared`);
      const text = readFileSync(file, 'utf8');
      found.set(name, text);
      for (const [, , , path] of text.matchAll(RELATIVE)) visit(normalize(join(dirname(name), path)));
    };
    for (const entry of entries) visit(entry);
    return [...found].flatMap(([name, text]) => [
      [`${name}.d.ts`, text.replace(RELATIVE, '$1$2$3.js$2')],
      [`${name}.d.cts`, text.replace(RELATIVE, '$1$2$3.cjs$2')],
    ]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
