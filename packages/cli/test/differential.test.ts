import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFailure, runDifferential, type Summary } from '../../../conformance/differential/run.ts';
import { debianPrometheus } from '../../../conformance/peers/prometheus.ts';
import { type Built, copyOfBuild } from './built.ts';

const queries = 200;

if (!existsSync(debianPrometheus)) {
  console.warn(`SKIPPED: no generated queries beside a real Prometheus, ${debianPrometheus} is missing.`);
}

describe.skipIf(!existsSync(debianPrometheus))('generated queries, beside a real Prometheus', () => {
  let built: Built;
  let summary: Summary;
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-differential-'));

  beforeAll(async () => {
    built = copyOfBuild();
    summary = await runDifferential({ prometheus: debianPrometheus, entry: built.entry, dir, seed: 3, queries });
  }, 300_000);
  afterAll(() => {
    for (const each of [dir, built?.dir ?? dir]) rmSync(each, { recursive: true, force: true });
  });

  it('have the same answers; `npm run differential` asks more of them', () => {
    expect(summary.failures.map(describeFailure)).toEqual([]);
  });

  it('ask for something', () => {
    expect(summary.asked).toBe(queries);
    expect(summary.samples).toBeGreaterThan(10_000);
    expect(summary.answered).toBeGreaterThan(queries / 3);
    expect(summary.refused).toBeGreaterThan(0);
  });
});
