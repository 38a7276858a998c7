/** Milliseconds that an import adds to the start of a process: many starts with it and without, taking turns. */
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { median } from '../promql/measure.ts';

function start(code: string, env: Readonly<Record<string, string>>): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - began;
}

export function importTime(module: string, env: Readonly<Record<string, string>>, starts: number): number {
  // What is imported in its place is loaded in any case, so that both start the loader of ES modules.
  const code = (what: string) => `await import(${JSON.stringify(what)}); process.exit(0)`;
  const differences: number[] = [];
  for (let i = -1; i < starts; i++) {
    const without = start(code('node:path'), env);
    const withIt = start(code(pathToFileURL(module).href), env);
    // The first ones fill the caches of the file system.
    if (i >= 0) differences.push(withIt - without);
  }
  return median(differences);
}
