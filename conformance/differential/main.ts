/**
 * `npm run differential`: asks a real Prometheus and a real Nightshift the same generated queries about the same
 * series, and compares the answers. Exit status 1 where they differ.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { debianPrometheus } from '../peers/prometheus.ts';
import { differences } from './differences.ts';
import { toText } from './query.ts';
import { describeFailure, type Failure, runDifferential, type Summary } from './run.ts';

const usage = `npm run differential -- [--queries 5000] [--seed N] [--prometheus PATH] [--base UNIX_SECONDS] [--only NUMBER] [--annotations]`;
const shownFailures = 25;

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(`--${name} must be a whole number, not "${text}".`);
}

function refuse(reason: string): never {
  console.error(`${reason}\n${usage}`);
  process.exit(2);
}

function readArguments() {
  const string = { type: 'string' } as const;
  try {
    return parseArgs({
      options: {
        queries: string,
        seed: string,
        prometheus: string,
        base: string,
        only: string,
        annotations: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function readOptions() {
  const { queries = '5000', prometheus = debianPrometheus, annotations = false, seed, base, only } = readArguments();
  return {
    prometheus,
    annotations,
    queries: wholeNumber('queries', queries),
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('seed', seed),
    ...(base !== undefined && { base: wholeNumber('base', base) * 1000 }),
    ...(only !== undefined && { only: wholeNumber('only', only) }),
  };
}

/** Failures of one cause mostly shrink to one form that differs in numbers and label names only. */
const formOf = ({ smallest }: Failure): string =>
  `${smallest.range ? 'range' : 'instant'} ${toText(smallest.query)
    .replace(/\{[^}]*\}/g, '{}')
    .replace(/"[^"]*"/g, '""')
    .replace(/\b\d[\w.]*/g, '0')
    .replace(/\b[a-z]+_(total|seconds|bucket|info|length)\w*\b/g, 'x')}`;

function report(
  { version, base, series, samples, asked, answered, empty, refused, failures, avoided }: Summary,
  seed: number,
): void {
  for (const name of avoided) console.log(`Left out beside this version, ${name}: ${differences[name].reason}`);
  const name = version.every(Number.isFinite) ? version.join('.') : 'of a build without a version';
  console.log(
    `seed ${seed}, base ${base / 1000}, Prometheus ${name}: ${series} series, ${samples} samples; ` +
      `${asked} queries (${answered} with an answer, ${empty} with an empty one, ${refused} refused), ${failures.length} differ`,
  );
}

const options = readOptions();
if (!existsSync(options.prometheus)) {
  refuse(`There is no ${options.prometheus}; install Debian's package prometheus or name one with --prometheus.`);
}
const dir = mkdtempSync(join(tmpdir(), 'nightshift-differential-'));
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error(name)));
const forms = new Map<string, number>();
try {
  console.log(`seed ${options.seed}`);
  const summary = await runDifferential({
    ...options,
    entry: resolve('packages/cli/dist/nightshift.js'),
    dir,
    signal: interrupted.signal,
    onFailure: (failure) => {
      const form = formOf(failure);
      forms.set(form, (forms.get(form) ?? 0) + 1);
      if (forms.get(form) === 1 && forms.size <= shownFailures) console.log(describeFailure(failure));
    },
  });
  for (const [form, count] of forms) console.log(`${count} × ${form}`);
  report(summary, options.seed);
  process.exitCode = summary.failures.length > 0 ? 1 : 0;
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
