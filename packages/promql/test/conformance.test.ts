import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCRIPT_FEATURES } from '../src/features.ts';
import { runScript } from '../src/promqltest/run.ts';

const FOLDER = '../shared/conformance/promqltest';

/** How many cases of each of Prometheus' own scripts pass; raise a figure when it grows. Native histograms are not there yet. */
const FLOORS: Readonly<Record<string, number>> = {
  at_modifier: 78,
  collision: 2,
  duration_expression: 56,
  'fill-modifier': 46,
  functions: 378,
  histograms: 93,
  info: 1,
  limit: 7,
  literals: 25,
  native_histograms: 15,
  operators: 207,
  selectors: 31,
  staleness: 17,
  start_timestamps: 3,
  subquery: 32,
  trig_functions: 19,
};

describe.skipIf(!existsSync(FOLDER))("Prometheus' own scripts", () => {
  it.each(Object.entries(FLOORS))('%s passes at least %i cases', async (file, floor) => {
    const script = readFileSync(`${FOLDER}/${file}.test`, 'utf8');
    const outcomes = await runScript(script, { features: SCRIPT_FEATURES });
    const passed = outcomes.filter((outcome) => outcome.failure === undefined);
    expect(passed.length).toBeGreaterThanOrEqual(floor);
  });
});
