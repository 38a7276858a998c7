import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, type CaseResult, type FileResult, inShared } from '../suite.ts';

/** Of Prometheus' compliance tests for remote write only the names and what they are about are here; the cases are ours. */
export const REMOTE_WRITE = inShared('prometheus-compliance/remotewrite');

interface IndexedTest {
  readonly side: 'receiver' | 'sender';
  readonly file: string;
  readonly test: string;
  /** Names, each followed by a sentence about it where there are sentences. */
  readonly subtests: readonly string[];
}

function casesOf({ test, subtests }: IndexedTest): string[] {
  if (subtests.length === 0) return [test];
  const hasSentences = /^\w+$/.test(subtests[0] ?? '') && / /.test(subtests[1] ?? '');
  return subtests.filter((_, i) => !hasSentences || i % 2 === 0).map((name) => `${test}/${name}`);
}

/** What is wrong; undefined for nothing. */
export type Check = () => Promise<string | undefined> | string | undefined;

/** One check for each case of the index, in its order. One that is not there fails, and so does a check without a case. */
export async function runIndexed(
  side: IndexedTest['side'],
  checks: Readonly<Record<string, Check>>,
): Promise<FileResult[]> {
  const index = JSON.parse(readFileSync(join(REMOTE_WRITE, 'tests_index.json'), 'utf8')) as IndexedTest[];
  const files = new Map<string, CaseResult[]>();
  const left = new Set(Object.keys(checks));
  for (const each of index.filter((one) => one.side === side)) {
    const cases = files.get(each.file) ?? [];
    files.set(each.file, cases);
    for (const name of casesOf(each)) {
      left.delete(name);
      cases.push(await attempt(name, checks[name] ?? (() => 'no check of that name')));
    }
  }
  if (left.size > 0) throw new Error(`the index has no case ${[...left].join(', ')}`);
  return Array.from(files, ([file, cases]) => ({ file, cases }));
}
