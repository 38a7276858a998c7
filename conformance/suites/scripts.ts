import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { runScript } from '../../packages/promql/src/promqltest/run.ts';
import { type FileResult, inShared, named, type Suite } from '../suite.ts';

/** What Prometheus' own runner sets: 5 minutes of look-back, subqueries every minute, 10,000 samples, all features. */
const SETTINGS = { lookbackMs: 300_000, subqueryStepMs: 60_000, maxSamples: 10_000, features: SCRIPT_FEATURES };

/** Runs one script; the name of a case is its line and query. @throws ScriptError that names file and line */
export async function runFile(path: string, file: string = basename(path)): Promise<FileResult> {
  const outcomes = await runScript(readFileSync(path, 'utf8'), SETTINGS, file);
  const cases = named(outcomes, ({ line, query }) => `${line}: ${query}`);
  return { file, cases: cases.map(({ name, each }) => ({ name, ...(each.failure ? { failure: each.failure } : {}) })) };
}

/** The scripts of a folder with its subfolders, or the one file. */
export function scriptsIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test'))
    .sort()
    .map((file) => join(path, file));
}

function scriptSuite(name: string, about: string, folder: string): Suite {
  return {
    name,
    about,
    folder,
    async run() {
      const results: FileResult[] = [];
      for (const path of scriptsIn(folder)) results.push(await runFile(path, relative(folder, path)));
      return results;
    },
  };
}

export const prometheusScripts = scriptSuite(
  'promqltest',
  "Prometheus' own scripts in its test language: each instant query also as a range query and pinned by `@`",
  inShared('promqltest'),
);

export const ownScripts = scriptSuite(
  'scripts',
  "Nightshift's own scripts in the same language",
  'packages/promql/test/scripts',
);
