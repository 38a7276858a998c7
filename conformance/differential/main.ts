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
  console.error(`--${name} must be a whole number, not "${text}".\n${usage}`);
  process.exit(2);
}

function readOptions() {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      queries: string,
      seed: string,
      prometheus: string,
      base: string,
      only: string,
      annotations: { type: 'boolean' },
    },
  });
  const { queries = '5000', prometheus = debianPrometheus, annotations = false, seed, base, only } = values;
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
  console.log(
    `seed ${seed}, base ${base / 1000}, Prometheus ${version.join('.')}: ${series} series, ${samples} samples; ` +
      `${asked} queries (${answered} with an answer, ${empty} with an empty one, ${refused} refused), ${failures.length} differ`,
  );
}

const options = readOptions();
if (!existsSync(options.prometheus)) {
  console.error(
    `There is no ${options.prometheus}; install Debian's package prometheus or name one with --prometheus.`,
  );
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'nightshift-differential-'));
const forms = new Map<string, number>();
try {
  console.log(`seed ${options.seed}`);
  const summary = await runDifferential({
    ...options,
    entry: resolve('packages/cli/dist/nightshift.js'),
    dir,
    onFailure: (failure) => {
      const form = formOf(failure);
      forms.set(form, (forms.get(form) ?? 0) + 1);
      if (forms.get(form) === 1 && forms.size <= shownFailures) console.log(describeFailure(failure));
    },
  });
  for (const [form, count] of forms) console.log(`${count} × ${form}`);
  report(summary, options.seed);
  process.exitCode = summary.failures.length > 0 ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
