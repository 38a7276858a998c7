/**
 * Builds @nightshift/node as it is published: `node tools/build-node.mjs [DIRECTORY]` leaves the tarball there, else in
 * packages/node/dist. In the workspace the package exports its sources; the tarball has, in dist/:
 *
 *   library/*.cjs            our own code, once, with what it takes from other packages of the workspace
 *   index.cjs, register.cjs  CommonJS entries, which share one library for each process, whichever copy came first
 *   index.js, register.js    the same entries for `import`
 *   types/*.d.ts, *.d.cts    declarations for either
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { declarationsOf } from './declarations.mjs';

const entries = ['index', 'register'];

/** Many small files, which take longer to find than to run; what it registers is known to every copy of it by its version. */
const bundled = ['@opentelemetry/api'];

const manifestOf = (root) => JSON.parse(readFileSync(join(root, 'packages/node/package.json'), 'utf8'));

/** Ours as ES modules, cut so that the entries share what both need and what is rarely needed is loaded late. */
async function bundle(esbuild, root) {
  const { dependencies } = manifestOf(root);
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries.map((name) => join(root, `packages/node/src/${name}.ts`)),
    outdir: join(root, 'packages/node/dist/library'),
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    metafile: true,
    external: Object.keys(dependencies).flatMap((name) => (bundled.includes(name) ? [] : [name, `${name}/*`])),
    logLevel: 'warning',
  });
  const exports = Object.fromEntries(
    Object.entries(metafile.outputs).map(([path, output]) => [basename(path, '.js'), output.exports]),
  );
  return { files: outputFiles.map(({ path, text }) => ({ name: basename(path, '.js'), text })), exports };
}

/** Of Node, slow to load and not needed by every application, or not at once. */
const LATE = /^var (import_node_\w+) = (require\("node:(?:crypto|dns|os|zlib)"\));$/gm;

/** Loads these when something of theirs is first used: crypto and zlib are a third of the time of the import. */
const loadedLate = (code) =>
  code.search(LATE) >= 0
    ? `${code.replace(LATE, 'var $1 = $late(() => $2);')}
function $late(load) {
  return new Proxy({}, { get: (_, name) => load()[name] });
}
`
    : code;

/** One of the modules as CommonJS. */
async function asCommonJs(esbuild, { text }) {
  const { code } = await esbuild.transform(text.replaceAll(/(["'])\.\/([\w-]+)\.js\1/g, '"./$2.cjs"'), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    define: { 'import.meta.url': 'moduleUrl' },
    ...(text.includes('import.meta.url') && {
      banner: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;",
    }),
    logLevel: 'warning',
  });
  return loadedLate(code);
}

/** State is one for each process and version, however often and from wherever the package is loaded. */
const commonJsEntry = (version, name) => `'use strict';
const library = (globalThis[Symbol.for('@nightshift/node ${version}')] ??= {
${entries.map((each) => `  ${each}: () => require('./library/${each}.cjs'),`).join('\n')}
});
module.exports = library.${name}();
`;

function moduleEntry(name, exports) {
  if (exports.length === 0) return `import './${name}.cjs';\n`;
  const named = exports.filter((each) => each !== 'default');
  return [
    `import library from './${name}.cjs';`,
    ...(named.length > 0 ? [`export const { ${named.join(', ')} } = library;`] : []),
    ...(exports.includes('default') ? ['export default library.default;'] : []),
    '',
  ].join('\n');
}

const exportsOf = (name) => ({
  import: { types: `./dist/types/${name}.d.ts`, default: `./dist/${name}.js` },
  require: { types: `./dist/types/${name}.d.cts`, default: `./dist/${name}.cjs` },
});

function publishedManifest({ name, version, description, license, engines, dependencies }) {
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    main: './dist/index.cjs',
    types: './dist/types/index.d.cts',
    exports: { '.': exportsOf('index'), './register': exportsOf('register'), './package.json': './package.json' },
    files: ['dist', 'REFERENCE.md'],
    dependencies,
  };
}

/** Writes the package into `stage`, ready to be packed. */
export async function stageNode(root, stage) {
  const esbuild = await import('esbuild');
  const manifest = manifestOf(root);
  const { files, exports } = await bundle(esbuild, root);
  const dist = join(stage, 'dist');
  mkdirSync(join(dist, 'library'), { recursive: true });
  for (const file of files) writeFileSync(join(dist, 'library', `${file.name}.cjs`), await asCommonJs(esbuild, file));
  for (const name of entries) {
    writeFileSync(join(dist, `${name}.cjs`), commonJsEntry(manifest.version, name));
    writeFileSync(join(dist, `${name}.js`), moduleEntry(name, exports[name]));
  }
  for (const [path, text] of declarationsOf(root, entries)) {
    mkdirSync(dirname(join(dist, 'types', path)), { recursive: true });
    writeFileSync(join(dist, 'types', path), text);
  }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
  cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
  cpSync(join(root, 'packages/node/README.md'), join(stage, 'README.md'));
  // The README names it.
  cpSync(join(root, 'docs/reference/node.md'), join(stage, 'REFERENCE.md'));
}

/** The path of the tarball, written into `directory`. */
export async function packNode(root, directory) {
  const stage = mkdtempSync(join(tmpdir(), 'nightshift-node-'));
  try {
    await stageNode(root, stage);
    mkdirSync(directory, { recursive: true });
    const before = new Set(readdirSync(directory));
    const args = ['pack', '--pack-destination', resolve(directory), '--loglevel=error', '--ignore-scripts'];
    const { status, stderr } = spawnSync('npm', args, { cwd: stage, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
    const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz') && !before.has(name));
    return join(directory, tarball ?? `nightshift-node-${manifestOf(root).version}.tgz`);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('build-node.mjs')) {
  const { ensureInstalled, root } = await import('./setup.mjs');
  ensureInstalled();
  const tarball = await packNode(root, resolve(process.argv[2] ?? join(root, 'packages/node/dist')));
  console.log(relative(process.cwd(), tarball));
}
