import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Leaves may be imported from everywhere; a station only by those to its right. `http` and `serve` stand at the end. */
const leaves = ['errors', 'api', 'config', 'control', 'engine'];
const stations = ['collect', 'spool', 'store', 'query', 'watch', 'respond', 'http', 'serve'];
const purePackages = ['wire', 'promql', 'guard'];
const source = resolve('packages/server/src');

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'test') return [];
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

const stationOf = (path: string): string => relative(source, path).split('/')[0]?.replace(/\.ts$/, '') ?? '';

/** Breaches of the order, as `file imports station`. */
function breaches(): string[] {
  return filesBelow(source).flatMap((file) => {
    const from = stationOf(file);
    return importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => stationOf(resolve(dirname(file), name)))
      .filter((to) => to !== from && to !== 'index' && from !== 'index')
      .filter((to) => !isAllowed(from, to))
      .map((to) => `${relative(source, file)} imports ${to}`);
  });
}

function isAllowed(from: string, to: string): boolean {
  if (leaves.includes(from)) return leaves.includes(to);
  return leaves.includes(to) || stations.indexOf(to) <= stations.indexOf(from);
}

describe('the way of the data', () => {
  it('is followed by every import of the server: only from the left and from the leaves', () => {
    expect(breaches()).toEqual([]);
  });

  it('knows every folder of the server', () => {
    const folders = readdirSync(source, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name);
    expect(folders.filter((name) => !leaves.includes(name) && !stations.includes(name))).toEqual([]);
  });

  it.each(purePackages)('leaves packages/%s without input, output or a clock', (name) => {
    const impure = filesBelow(resolve('packages', name, 'src')).flatMap((file) => {
      const imports = importsOf(file).filter((i) => i.startsWith('node:') && i !== 'node:zlib');
      const clock = /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(/.test(readFileSync(file, 'utf8')) ? ['a clock'] : [];
      return [...imports, ...clock].map((what) => `${relative(resolve('packages'), file)}: ${what}`);
    });
    expect(impure.filter((line) => !line.includes('promqltest/'))).toEqual([]);
  });
});
