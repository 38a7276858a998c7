import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { runScriptAgainst } from '../../packages/promql/src/promqltest/run.ts';
import { arrayTarget, type ScriptTarget } from '../../packages/promql/src/promqltest/target.ts';
import { type FileResult, inShared, named, type Suite } from '../suite.ts';

/** What Prometheus' own runner sets: 5 minutes of look-back, subqueries every minute, 10,000 samples, all features. */
const SETTINGS = { lookbackMs: 300_000, subqueryStepMs: 60_000, maxSamples: 10_000, features: SCRIPT_FEATURES };

export interface ScriptResult extends FileResult {
  /** Cases that a target could not be asked, because it cannot hold their samples; not among `cases`. */
  readonly skipped: number;
}

/** Runs one script; the name of a case is its line and query. @throws ScriptError that names file and line */
export async function runFile(path: string, file?: string): Promise<ScriptResult> {
  return runFileAgainst(arrayTarget(SETTINGS), path, file);
}

/** The same against a target, which is left with the data of the script. */
export async function runFileAgainst(
  target: ScriptTarget,
  path: string,
  file: string = basename(path),
): Promise<ScriptResult> {
  await target.clear();
  const outcomes = await runScriptAgainst(target, readFileSync(path, 'utf8'), file);
  const asked = outcomes.filter(({ skipped }) => skipped === undefined);
  const cases = named(asked, ({ line, query }) => `${line}: ${query}`).map(({ name, each: { failure } }) => ({
    name,
    ...(failure === undefined ? {} : { failure }),
  }));
  return { file, cases, skipped: outcomes.length - asked.length };
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
