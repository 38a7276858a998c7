import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Other projects' tests and data; not part of this repository. */
export const SHARED = '../shared/conformance';

export interface CaseResult {
  /** Names the case within its file; unique there. */
  readonly name: string;
  /** What was got and what was expected; undefined if the case passed. */
  readonly failure?: string;
}

export interface FileResult {
  /** Path within the folder of the suite. */
  readonly file: string;
  readonly cases: readonly CaseResult[];
}

export interface Suite {
  /** Short, for the command line and the list of exclusions. */
  readonly name: string;
  /** What it checks, in one line. */
  readonly about: string;
  /** Where its data is, relative to the project. */
  readonly folder: string;
  run(): Promise<readonly FileResult[]>;
}

/** Whether the data of a suite is on this machine. */
export function isPresent({ folder }: Suite): boolean {
  return existsSync(folder);
}

export function inShared(...path: string[]): string {
  return join(SHARED, ...path);
}

/** Runs one case; what it throws is its failure. */
export async function attempt(
  name: string,
  run: () => Promise<string | undefined> | string | undefined,
): Promise<CaseResult> {
  try {
    const failure = await run();
    return failure === undefined ? { name } : { name, failure };
  } catch (error) {
    return { name, failure: `threw ${(error as Error).message}` };
  }
}

/** Names made unique: the second case of the same name gets " #2". */
export function named<T>(cases: readonly T[], nameOf: (each: T) => string): { name: string; each: T }[] {
  const seen = new Map<string, number>();
  return cases.map((each) => {
    const name = nameOf(each);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} #${count}`, each };
  });
}
