import { existsSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { PAGE, pageOf } from './page.ts';
import { reportOf, type SuiteReport, totalOf } from './report.ts';
import { withServer } from './server-target.ts';
import { isPresent, type Suite } from './suite.ts';
import { runFile, runFileAgainst, type ScriptResult, scriptsIn } from './suites/scripts.ts';
import { SUITES } from './suites.ts';

const USAGE = `npm run conformance [-- --verbose]                runs every suite whose data is here and writes ${PAGE}
npm run conformance -- suite NAME… [--verbose]   runs these suites
npm run conformance -- promql PATH… [--verbose]  runs scripts in Prometheus' test language: files, or folders of *.test
npm run conformance -- server PATH… [--verbose]  the same through the HTTP API of a server that is started for it`;

/** Returns the exit status. `folder` is where paths are relative to. */
export async function main(args: readonly string[], folder: string): Promise<number> {
  const verbose = args.includes('--verbose');
  const [command, ...paths] = args.filter((arg) => arg !== '--verbose');
  if (command === undefined) return runSuites(SUITES, verbose);
  const named = SUITES.filter(({ name }) => paths.includes(name));
  if (command === 'suite' && named.length > 0 && named.length === paths.length) return runSuites(named, verbose);
  const resolved = paths.map((path) => resolve(folder, path));
  if (command === 'promql' && paths.length > 0) return runPaths(resolved, verbose, runFile);
  if (command === 'server' && paths.length > 0) {
    return withServer((target) => runPaths(resolved, verbose, (path) => runFileAgainst(target, path)));
  }
  console.error(`${USAGE}\nSuites: ${SUITES.map(({ name }) => name).join(', ')}`);
  return 2;
}

async function runPaths(
  paths: readonly string[],
  verbose: boolean,
  run: (path: string) => Promise<ScriptResult>,
): Promise<number> {
  const absent = paths.filter((path) => !existsSync(path));
  for (const path of absent) console.error(`there is no ${path}`);
  let failed = absent.length;
  for (const path of paths.filter((path) => existsSync(path)).flatMap(scriptsIn)) {
    try {
      const { file, cases, skipped } = await run(path);
      const failures = cases.filter(({ failure }) => failure !== undefined);
      failed += failures.length;
      const passed = cases.length - failures.length;
      console.log(`${file}: ${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
      if (verbose) for (const { name, failure } of failures) console.log(`  ${basename(path)}:${name}\n    ${failure}`);
    } catch (error) {
      failed++;
      console.error((error as Error).message);
    }
  }
  return failed > 0 ? 1 : 0;
}

async function runSuites(suites: readonly Suite[], verbose: boolean): Promise<number> {
  const reports: SuiteReport[] = [];
  for (const suite of suites) {
    if (!isPresent(suite)) {
      console.log(`${suite.name}: skipped, there is no ${suite.folder}`);
      continue;
    }
    const report = reportOf(suite, await suite.run());
    reports.push(report);
    print(report, verbose);
  }
  if (reports.length === SUITES.length) writeFileSync(PAGE, pageOf(reports));
  else console.log(`${PAGE} is left as it is, because not every suite was run`);
  return reports.some(({ failures, needless }) => failures.length + needless.length > 0) ? 1 : 0;
}

function print({ suite, files, failures, needless }: SuiteReport, verbose: boolean): void {
  const { cases, passed, excluded } = totalOf(files);
  console.log(`${suite.name}: ${passed} of ${cases} passed, ${excluded} excluded, ${failures.length} failed`);
  for (const file of files) {
    const failed = file.cases - file.passed - file.excluded;
    if (failed > 0) console.log(`  ${file.file}: ${file.passed} passed, ${failed} failed`);
    if (!verbose) continue;
    for (const each of failures) if (each.file === file.file) console.log(`    ${each.name}\n      ${each.failure}`);
  }
  for (const each of needless) console.log(`  excluded, but it passes or is not there: ${each.file}: ${each.case}`);
}
