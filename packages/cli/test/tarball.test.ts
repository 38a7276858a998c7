import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopProcess } from '../src/demo/process.ts';
import { ensureBuilt, PACKAGE } from './built.ts';
import { killAllOf, processesOf } from './processes.ts';

const run = promisify(execFile);
const INSTALL_LIMIT_MS = 120_000;
const START_LIMIT_MS = 60_000;
/** What npm prints when it cannot get at the registry at all: not a fault of the package. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/;

const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const dir = mkdtempSync(join(tmpdir(), 'nightshift-tarball-'));
const project = join(dir, 'project');
let tarball: string;
let files: string[];

beforeAll(async () => {
  ensureBuilt();
  await run('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: PACKAGE });
  const [name] = readdirSync(dir).filter((entry) => entry.endsWith('.tgz'));
  tarball = join(dir, name ?? 'none.tgz');
  const { stdout } = await run('tar', ['-tzf', tarball], { maxBuffer: 16 * 1024 * 1024 });
  files = stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}, 180_000);
afterAll(() => {
  killAllOf(dir);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

/** `@scope/name/path` and `name/path` to the package's name. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Packages that the bundle imports or requires, as the bundler's own parser reads them. */
async function importedPackages(): Promise<string[]> {
  const dist = join(PACKAGE, 'dist');
  const chunks = readdirSync(dist).filter((name) => name.endsWith('.js'));
  const { metafile } = await build({
    entryPoints: chunks.map((name) => join(dist, name)),
    outdir: join(dir, 'never-written'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const parsed = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
  // A require made by createRequire is a plain function to a parser.
  const called = chunks.flatMap((name) =>
    [
      ...readFileSync(join(dist, name), 'utf8').matchAll(
        /\b(?:_*require\d*(?:\.resolve)?|createRequire\([^)]*\)|import\.meta\.resolve)\("(@?[a-z][\w./-]*)"\)/g,
      ),
    ].map(([, path]) => path as string),
  );
  const names = [...parsed, ...called].filter((path) => !path.startsWith('node:')).map(packageOf);
  return [...new Set(names)].filter((name) => !builtinModules.includes(name)).sort();
}

/** False, said loudly, where there is no way to the registry and the cache does not do. */
async function install(): Promise<boolean> {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  const args = ['install', tarball, '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1'];
  try {
    await run('npm', args, { cwd: project, timeout: INSTALL_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 });
    return true;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (!UNREACHABLE.test(stderr)) throw error;
    console.warn(`\n!!! THE INSTALLATION IS NOT TESTED: the registry cannot be reached:\n${stderr}\n`);
    return false;
  }
}

/** Starts the installed command, and resolves with its address once it says that it is up. */
function serve(dataDir: string): Promise<{ pid: number; url: string }> {
  mkdirSync(dataDir);
  const child = spawn(join(project, 'node_modules/.bin/nightshift'), ['serve'], {
    cwd: project,
    env: {
      PATH: process.env.PATH,
      TMPDIR: dir,
      NIGHTSHIFT_DATA_DIR: dataDir,
      NIGHTSHIFT_HTTP_PORT: '0',
      NIGHTSHIFT_HTTP_OTLP_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`not up after ${START_LIMIT_MS} ms:\n${output}`)), START_LIMIT_MS);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const url = /Nightshift is up: (\S+)/.exec(output)?.[1];
        if (url) resolve({ pid: child.pid as number, url });
      });
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`serve ended with ${code}:\n${output}`));
    });
  });
}

describe('the published package', () => {
  it('holds the command, the pages, the example and the licence', () => {
    expect(files).toEqual(expect.arrayContaining(['package.json', 'dist/nightshift.js', 'dist/web/index.html']));
    expect(files.filter((path) => /(^|\/)LICENSE$/.test(path))).not.toEqual([]);
    for (const version of ['v1', 'v2'])
      expect(files).toEqual(
        expect.arrayContaining(
          ['dist/main.js', 'src/store.ts'].map((path) => `dist/examples/url-shortener/${version}/${path}`),
        ),
      );
  });

  it('holds no sources, no tests and nothing of the build itself', () => {
    const allowed = /^(package\.json|README\.md|LICENSE|dist\/.+)$/;
    expect(files.filter((path) => !allowed.test(path))).toEqual([]);
    expect(files.filter((path) => /\.test\.|(^|\/)(test|node_modules|\.build-stamp)(\/|$)/.test(path))).toEqual([]);
    // The demo's example is shipped with its sources: the report names lines in them.
    expect(files.filter((path) => /\.tsx?$/.test(path) && !path.startsWith('dist/examples/'))).toEqual([]);
  });

  it('names every package that the bundle imports as a dependency', async () => {
    const imported = await importedPackages();
    expect(imported).toEqual(expect.arrayContaining(['commander', 'fastify', 'chdb']));
    expect(imported.filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });

  it('installs into an empty project and serves from there', { timeout: 300_000 }, async (context) => {
    if (!(await install())) return context.skip();
    const version = await run('npx', ['--no-install', 'nightshift', '--version'], { cwd: project });
    expect(version.stdout).toBe(`${manifest.version}\n`);
    const { pid, url } = await serve(join(dir, 'data'));
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="root">');
    await stopProcess(pid, 15_000);
    expect(processesOf(dir)).toEqual([]);
  });
});
