import { readFileSync } from 'node:fs';
import { EXCLUSIONS, OMISSIONS } from './exclusions.ts';
import { type FileCount, type SuiteReport, totalOf } from './report.ts';

export const PAGE = 'docs/conformance.md';

/** The generated page; the same text for the same results, wherever it is made. */
export function pageOf(reports: readonly SuiteReport[]): string {
  return `${[
    INTRODUCTION,
    versions(),
    summary(reports),
    ...reports.map(section),
    exclusions(),
    omissions(),
    failing(reports),
    ELSEWHERE,
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

const INTRODUCTION = `# Conformance

How Nightshift does in other people's tests. \`npm run conformance\` writes this page; do not edit it. The data is that of
public projects and is not part of this repository; it is looked for in \`../shared/conformance\`, and a suite whose data is
missing is skipped. \`npm run conformance -- suite NAME…\` runs some of the suites, and
\`npm run conformance -- promql PATH…\` scripts in Prometheus' test language from anywhere.

A case passes if the answer is right in everything its suite states: values within the suite's tolerance (1e-6 in scripts,
1e-5 in compliance queries), labels, order, histograms bucket by bucket, the text and place of every warning, error messages;
what a server answers and then holds; what a sender sends and when. An excluded case is one that fails for the reason given:
as soon as it passes, the test of this page fails until it is taken off the list.`;

function versions(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return `Nightshift ${version} · scripts and tables of Prometheus 3.14 · golden answers of Prometheus 2.42`;
}

function summary(reports: readonly SuiteReport[]): string {
  const rows = reports.map(({ suite, files }) =>
    row(`[${suite.name}](#${suite.name.replaceAll(' ', '-')})`, totalOf(files)),
  );
  return table('suite', [...rows, row('**all**', totalOf(reports.flatMap(({ files }) => files)))]);
}

function section({ suite, files }: SuiteReport): string {
  return `## ${suite.name}\n\n${sentence(suite.about)}\n\n${table(
    'file',
    files.map((file) => row(`\`${file.file}\``, file)),
  )}`;
}

function table(first: string, rows: readonly string[]): string {
  return [`| ${first} | cases | passed | excluded | failed |`, '|---|---:|---:|---:|---:|', ...rows].join('\n');
}

function row(name: string, { cases, passed, excluded }: Omit<FileCount, 'file'>): string {
  return `| ${name} | ${cases} | ${passed} | ${excluded} | ${cases - passed - excluded} |`;
}

function exclusions(): string {
  const groups = new Map<string, string[]>();
  for (const { suite, file, reason, case: name } of EXCLUSIONS) {
    const key = `* ${suite}, \`${file}\`. ${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), code(name)]);
  }
  const lines = [...groups].map(([key, names]) => `${key}\n  ${names.join(', ')}`);
  return `## Excluded cases\n\n${lines.length > 0 ? lines.join('\n') : 'None.'}`;
}

function omissions(): string {
  const lines = OMISSIONS.map(({ file, part, reason }) => `* \`${file}\`, ${part}: ${reason}`);
  return `## Not run\n\n${lines.join('\n')}`;
}

function failing(reports: readonly SuiteReport[]): string {
  const lines = reports.flatMap(({ suite, failures }) =>
    failures.map(({ file, name }) => `* ${suite.name}, \`${file}\`: ${code(name)}`),
  );
  return lines.length === 0 ? '' : `## Failing cases\n\n${lines.join('\n')}`;
}

const ELSEWHERE = `## Checked elsewhere

* The answers of the HTTP API against Prometheus' OpenAPI description:
  [openapi.test.ts](../packages/server/test/prometheus/openapi.test.ts).
* Real clients beside a real \`serve\` and a real agent, sample by sample: Prometheus and vmagent that write to us and
  node_exporter that we scrape in [real-peers.test.ts](../packages/cli/test/real-peers.test.ts), our agent that writes to
  Prometheus and VictoriaMetrics in [delivery.test.ts](../packages/agent/test/delivery.test.ts).
* Scripts through the HTTP API of a real server, its journal and its engine: \`npm run conformance -- server PATH…\`. Histograms
  are compared bucket by bucket as the API shows them, without schema and reset hint; cases whose start timestamps a server
  cannot be sent yet are counted as skipped. Of the shared PromQL scripts 1,751 cases pass, 26 are skipped, and two fail: they
  expect a warning about conflicting counter resets, for which the store would have to keep the hint "not a reset".
* Generated queries beside a real Prometheus server: \`npm run differential\`, in
  [conformance/differential](../conformance/differential).`;

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** Inline code, whatever it contains. */
function code(text: string): string {
  const line = text.replaceAll('\n', '⏎');
  const fence = '`'.repeat(Math.max(0, ...Array.from(line.matchAll(/`+/g), ([run]) => run.length)) + 1);
  return fence.length === 1 ? `\`${line}\`` : `${fence} ${line} ${fence}`;
}
