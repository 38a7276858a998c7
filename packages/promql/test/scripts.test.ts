import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runScript } from '../src/promqltest/run.ts';

const FOLDER = join(import.meta.dirname, 'scripts');

it.each(readdirSync(FOLDER))('every case of %s passes', async (file) => {
  const outcomes = await runScript(readFileSync(join(FOLDER, file), 'utf8'));
  expect(outcomes.length).toBeGreaterThan(0);
  expect(outcomes.filter((outcome) => outcome.failure !== undefined)).toEqual([]);
});
