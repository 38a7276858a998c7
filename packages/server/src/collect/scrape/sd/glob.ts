import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** `*`, `?`, `[a-z]` and `[^a-z]`, as Go's filepath.Match has them. */
function patternOf(glob: string): RegExp {
  let source = '';
  for (const [token] of glob.matchAll(/\[[^\]]+\]|./gsu)) {
    if (token === '*') source += '.*';
    else if (token === '?') source += '.';
    else if (token.length > 2) source += `[${token.slice(1, -1).replaceAll(/[\\[]/g, '\\$&')}]`;
    else source += token.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}

/** The files, in order of name, that a path with `*`, `?` and `[…]` in its last part stands for; one without is itself, there or not. */
export function filesOf(path: string): string[] {
  if (!/[*?[]/.test(basename(path))) return [path];
  const dir = dirname(path);
  const pattern = patternOf(basename(path));
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return [];
  }
  const isFile = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  return names
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(dir, name))
    .filter(isFile);
}
