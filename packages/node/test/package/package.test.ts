import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asCommonJs, asModule, both, served, typed } from './programs.ts';
import { createProject, type Node, otherNode, type Project, root, run } from './project.ts';

let project: Project;
const own: Node = { name: `Node ${process.versions.node}`, program: process.execPath };
const nodes = new Map<number, Node>([[0, own]]);

beforeAll(async () => {
  project = createProject('node-package');
  const packed = await run(process.execPath, [join(root, 'tools/build-node.mjs'), project.dir], root);
  expect(packed.status, packed.output).toBe(0);
  const tarball = readdirSync(project.dir).find((name) => name.endsWith('.tgz'));
  const installed = await project.install(`./${tarball}`);
  expect(installed.status, installed.output).toBe(0);
  for (const major of [22, 24]) nodes.set(major, await otherNode(project, major));
  project.write('asModule.mjs', asModule);
  project.write('asCommonJs.cjs', asCommonJs);
  project.write('both.mjs', both);
}, 300_000);

afterAll(() => project.remove());

const lastLine = (output: string): unknown => {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  } catch {
    return output;
  }
};

describe('the package from its tarball', () => {
  it('has what it needs, and nothing of the workspace', async () => {
    const { output } = await run('npm', ['ls', '--all', '--parseable'], project.dir);
    const names = output.split('\n').flatMap((line) => line.split('node_modules/').at(-1) ?? []);
    expect(names).toContain('@nightshift/node');
    expect(names.filter((name) => name.startsWith('@nightshift/') && name !== '@nightshift/node')).toEqual([]);
    const files = readdirSync(join(project.dir, 'node_modules/@nightshift/node')).sort();
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']));
    const readme = readFileSync(join(project.dir, 'node_modules/@nightshift/node/README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!https?:|#)(?:\.\/)?([^)#]+)/g)].map(([, path]) => path);
    expect(links.filter((path) => !files.includes(path!))).toEqual([]);
    expect(readme).toContain('REFERENCE.md');
    expect(files).toContain('REFERENCE.md');
    expect(files).not.toContain('src');
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['bundler', 'preserve'],
  ])('has types for import and require, with moduleResolution %s', async (moduleResolution, module) => {
    project.write('typed.mts', typed);
    project.write('typed.cts', typed);
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'es2022', strict: true, noEmit: true, exactOptionalPropertyTypes: true },
      ...{ typeRoots: [join(root, 'node_modules/@types')], types: ['node'], skipLibCheck: false },
    };
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['typed.mts', 'typed.cts'] }));
    const { status, output } = await run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'],
      project.dir,
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });
});

describe.for([0, 22, 24])('in Node %i (0: this one)', (major) => {
  const programOf = (skip: (note: string) => never): string =>
    nodes.get(major)?.program ?? skip(`Node ${major} cannot be had here`);

  it.for([
    ['imported', 'asModule.mjs'],
    ['required', 'asCommonJs.cjs'],
    ['preloaded by --import', '--import', '@nightshift/node/register', 'asModule.mjs'],
    ['preloaded by --require', '--require', '@nightshift/node/register', 'asCommonJs.cjs'],
    ['preloaded by --import before CommonJS', '--import', '@nightshift/node/register', 'asCommonJs.cjs'],
  ])('works %s', async ([, ...args], { skip }) => {
    const { status, output } = await run(programOf(skip), args, project.dir);
    expect(lastLine(output)).toEqual(served);
    expect(status).toBe(0);
  });

  it('is one library, imported and required', async ({ skip }) => {
    const { output } = await run(programOf(skip), ['both.mjs'], project.dir);
    expect(lastLine(output)).toEqual({ same: true, names: true, refused: true, wrong: true });
  });

  it('says nothing by itself', async ({ skip }) => {
    const { output } = await run(programOf(skip), ['asModule.mjs'], project.dir);
    expect(output.trim().split('\n')).toHaveLength(1);
  });
});
