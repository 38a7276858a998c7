import { appendFile } from 'node:fs/promises';
import type { ScrapeTarget } from './target.ts';

/** Lines go one after the other, also those of several targets. */
let last: Promise<void> = Promise.resolve();

/** Adds a failed scrape to a file, as a line of JSON. A file that cannot be written is not worth a scrape: nothing is thrown. */
export function logFailure(file: string, { job, url }: ScrapeTarget, at: number, reason: string): Promise<void> {
  const line = { time: new Date(at).toISOString(), level: 'ERROR', msg: reason, job_name: job, target: url };
  last = last.then(() => appendFile(file, `${JSON.stringify(line)}\n`)).catch(() => undefined);
  return last;
}
