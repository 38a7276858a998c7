import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGE, pageOf } from '../../../conformance/page.ts';
import { reportOf, type SuiteReport } from '../../../conformance/report.ts';
import { isPresent, type Suite } from '../../../conformance/suite.ts';
import { SUITES } from '../../../conformance/suites.ts';

const running = new Map<Suite, Promise<SuiteReport>>();

function reportFor(suite: Suite): Promise<SuiteReport> {
  const report = running.get(suite) ?? suite.run().then((results) => reportOf(suite, results));
  running.set(suite, report);
  return report;
}

for (const suite of SUITES) {
  describe.skipIf(!isPresent(suite))(`${suite.name} (${suite.folder})`, () => {
    it('passes, but for the cases that are excluded by name', async () => {
      const { files, failures, needless } = await reportFor(suite);
      expect(files.length).toBeGreaterThan(0);
      expect(failures).toEqual([]);
      expect(needless, 'excluded cases that pass or are not there').toEqual([]);
    }, 120_000);
  });
}

describe.skipIf(!SUITES.every(isPresent))(PAGE, () => {
  it('says what the suites say; npm run conformance writes it', async () => {
    const reports = await Promise.all(SUITES.map(reportFor));
    expect(readFileSync(PAGE, 'utf8')).toBe(pageOf(reports));
  }, 120_000);
});
