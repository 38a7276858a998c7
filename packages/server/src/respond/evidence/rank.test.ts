import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceDiff } from './diff.ts';
import type { ParsedError } from './error.ts';
import { matchFile, rankHunks } from './rank.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nightshift-rank-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(dir: string, files: Record<string, string>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, dir, name)), { recursive: true });
    writeFileSync(join(root, dir, name), content);
  }
  return join(root, dir);
}

const store = (body: string) =>
  `import { readFile } from 'node:fs/promises';\nexport class Store {\n  async load() {\n    const text = await this.read();\n    ${body}\n  }\n}\n`;
const V1 = {
  'src/store.ts': store('return JSON.parse(text);'),
  'src/log.ts': 'export const level = 1;\n',
  'README.md': 'JSON links\n',
};
const V2 = {
  'src/store.ts': store('return JSON.parse(this.file);'),
  'src/log.ts': 'export const level = 2;\n',
  'README.md': 'JSON links.json, parsed\n',
};
const error = (file: string, line: number): ParsedError => ({
  type: 'SyntaxError',
  message: `Unexpected token 'l', "links.json" is not valid JSON`,
  frames: [
    { function: 'JSON.parse', file: '<anonymous>', line: 1, column: 1 },
    { function: 'Store.load', file, line, column: 17 },
  ],
});
const versions = () =>
  [
    { dir: write('v1', V1), revision: '' },
    { dir: write('v2', V2), revision: '' },
  ] as const;

describe('the changes of a bad release', () => {
  it('are ranked with the one under the top frame first, and say why', async () => {
    const { hunks, note } = await sourceDiff(...versions());
    const ranked = rankHunks(hunks, { error: error('/srv/v2/src/store.ts', 5), routes: ['GET /c0de'] });
    expect(note).toBe('');
    expect(ranked.map(({ file }) => file)[0]).toBe('src/store.ts');
    expect(ranked[0]).toMatchObject({
      rank: 1,
      reasons: expect.arrayContaining([expect.stringContaining('the top frame is src/store.ts:5, on a changed line')]),
    });
    expect(ranked[0]!.score).toBeGreaterThan(0.8);
    expect(ranked[1]!.score).toBeLessThan(0.4);
    expect(ranked[0]!.lines.find(({ kind }) => kind === 'added')).toEqual({
      kind: 'added',
      text: '    return JSON.parse(this.file);',
      oldLine: null,
      newLine: 5,
    });
  });

  it('are found through compiled output whose lines mean nothing in the source', async () => {
    const { hunks } = await sourceDiff(...versions());
    const [first] = rankHunks(hunks, { error: error('/srv/v2/dist/store.js', 210), routes: [] });
    expect(first).toMatchObject({
      file: 'src/store.ts',
      reasons: expect.arrayContaining([expect.stringContaining('compiled from this file')]),
    });
  });

  it('score nothing without any sign, and keep their order', async () => {
    const { hunks } = await sourceDiff(...versions());
    const ranked = rankHunks(hunks, { error: null, routes: [] });
    expect(ranked.map(({ file, score }) => [file, score])).toEqual([
      ['README.md', 0],
      ['src/log.ts', 0],
      ['src/store.ts', 0],
    ]);
  });

  it('leave out dependencies, binary and large files and compiled output beside its source', async () => {
    const noise = (x: string) => ({
      'node_modules/a/i.js': x,
      'dist/store.js': x,
      'big.txt': x.repeat(2 << 20),
      'a.bin': `\0${x}`,
    });
    const good = write('v1', { ...V1, ...noise('1') });
    const bad = write('v2', { ...V2, ...noise('2'), 'src/new.ts': 'export {};\n' });
    const { hunks } = await sourceDiff({ dir: good, revision: '' }, { dir: bad, revision: '' });
    expect(hunks.map(({ file }) => file)).toEqual(['README.md', 'src/log.ts', 'src/new.ts', 'src/store.ts']);
  });

  it('come from compiled output where that is all there is', async () => {
    const good = write('v1', { 'dist/main.js': 'a\n' });
    const bad = write('v2', { 'dist/main.js': 'b\n' });
    expect((await sourceDiff({ dir: good, revision: '' }, { dir: bad, revision: '' })).hunks).toHaveLength(1);
  });

  it('come from git where the directory knows both revisions', async () => {
    const dir = write('app', V1);
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        encoding: 'utf8',
      }).trim();
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', '1');
    const first = git('rev-parse', 'HEAD');
    write('app', V2);
    git('commit', '-qam', '2');
    const second = git('rev-parse', 'HEAD');
    const { hunks } = await sourceDiff({ dir, revision: first }, { dir, revision: second });
    expect(hunks.map(({ file }) => file)).toEqual(['README.md', 'src/log.ts', 'src/store.ts']);
    expect(hunks[2]!.lines.some(({ kind, newLine }) => kind === 'added' && newLine === 5)).toBe(true);
  });

  it('say why there are none', async () => {
    const dir = write('v1', V1);
    expect((await sourceDiff({ dir, revision: '' }, { dir, revision: '--output=x' })).note).toContain('ran from');
    expect((await sourceDiff({ dir, revision: '' }, { dir: `${dir}-gone`, revision: '' })).note).toContain('is gone');
    expect((await sourceDiff({ dir, revision: '' }, { dir: write('v2', V1), revision: '' })).note).toContain(
      'No text file differs',
    );
  });
});

describe('a stack frame and a changed file', () => {
  it.each([
    ['/srv/v2/src/store.ts', 'src/store.ts', 'same'],
    ['Store.java', 'src/main/java/Store.java', 'same'],
    ['/srv/dist/store.js', 'src/store.ts', 'compiled'],
    ['/srv/src/mystore.ts', 'store.ts', 'none'],
    ['/srv/dist/other.js', 'src/store.ts', 'none'],
  ] as const)('%s and %s: %s', (frame, file, expected) => {
    expect(matchFile(frame, file)).toBe(expected);
  });
});
