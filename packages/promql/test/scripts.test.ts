import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runFile } from '../../../conformance/suites/scripts.ts';

const FOLDER = join(import.meta.dirname, 'scripts');

it.each(readdirSync(FOLDER))('every case of %s passes', async (file) => {
  const { cases } = await runFile(join(FOLDER, file));
  expect(cases.length).toBeGreaterThan(0);
  expect(cases.filter(({ failure }) => failure !== undefined)).toEqual([]);
});
