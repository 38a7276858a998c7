import { EXCLUSIONS, type Exclusion } from './exclusions.ts';
import type { FileResult, Suite } from './suite.ts';

export interface Failure {
  readonly file: string;
  readonly name: string;
  readonly failure: string;
}

export interface FileCount {
  readonly file: string;
  readonly cases: number;
  readonly passed: number;
  readonly excluded: number;
}

export interface SuiteReport {
  readonly suite: Suite;
  readonly files: readonly FileCount[];
  readonly failures: readonly Failure[];
  /** Excluded cases that pass, or that are not there at all: the list of exclusions has to be corrected. */
  readonly needless: readonly Exclusion[];
}

/** Counts what passed and holds the failures against the exclusions. */
export function reportOf(suite: Suite, results: readonly FileResult[]): SuiteReport {
  const own = EXCLUSIONS.filter((each) => each.suite === suite.name);
  const used = new Set<Exclusion>();
  const failures: Failure[] = [];
  const files = results.map(({ file, cases }) => {
    let excluded = 0;
    let passed = 0;
    for (const { name, failure } of cases) {
      const exclusion = own.find((each) => each.file === file && each.case === name);
      if (failure === undefined) passed++;
      else if (exclusion) {
        excluded++;
        used.add(exclusion);
      } else failures.push({ file, name, failure });
    }
    return { file, cases: cases.length, passed, excluded };
  });
  return { suite, files, failures, needless: own.filter((each) => !used.has(each)) };
}

export function totalOf(files: readonly FileCount[]): Omit<FileCount, 'file'> {
  const sum = (of: (file: FileCount) => number) => files.reduce((total, file) => total + of(file), 0);
  return {
    cases: sum((file) => file.cases),
    passed: sum((file) => file.passed),
    excluded: sum((file) => file.excluded),
  };
}
