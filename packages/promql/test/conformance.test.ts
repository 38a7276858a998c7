import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from '../src/promqltest/run.ts';

const FOLDER = '../shared/conformance/promqltest';

/** How many cases of each of Prometheus' own scripts pass; raise a figure when it grows. Native histograms are not there yet. */
const FLOORS: Readonly<Record<string, number>> = {
  at_modifier: 0, collision: 0, duration_expression: 0, 'fill-modifier': 0, functions: 0, histograms: 0, info: 0,
  limit: 0, literals: 0, native_histograms: 0, operators: 0, selectors: 0, staleness: 0, start_timestamps: 0,
  subquery: 0, trig_functions: 0,
};

describe.skipIf(!existsSync(FOLDER))("Prometheus' own scripts", () => {
  it.each(Object.entries(FLOORS))('%s passes at least %i cases', async (file, floor) => {
    const script = readFileSync(`${FOLDER}/${file}.test`, 'utf8');
    const outcomes = await runScript(script, { delayedNameRemoval: true });
    const passed = outcomes.filter((outcome) => outcome.failure === undefined);
    if (process.env.PROMQL_REPORT) {
      console.log(`## ${file} ${passed.length}/${outcomes.length}`);
      for (const { line, query, failure } of outcomes) {
        if (failure !== undefined && file.match(process.env.PROMQL_REPORT)) console.log(`${line}: ${query.slice(0, 90)} → ${failure.slice(0, 110)}`);
      }
    }
    expect(passed.length).toBeGreaterThanOrEqual(floor);
  });
});
