import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { main } from '../../../conformance/main.ts';

const folder = mkdtempSync(join(tmpdir(), 'nightshift-conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(join(folder, 'right.test'), 'load 1m\n  x 1\n\neval instant at 1m x\n  x 1\n');
writeFileSync(
  join(folder, 'wrong.test'),
  'load 1m\n  x 1\n\neval instant at 1m x\n  x 1\n\neval instant at 1m x\n  x 2\n',
);
writeFileSync(join(folder, 'broken.test'), 'load 1m\n  x 1\n\nevaluate x\n');

const printed: string[] = [];
vi.spyOn(console, 'log').mockImplementation((line) => void printed.push(line));
vi.spyOn(console, 'error').mockImplementation((line) => void printed.push(line));
afterEach(() => void printed.splice(0));
afterAll(() => void vi.restoreAllMocks());

it('prints what passed and failed per file', async () => {
  expect(await main(['promql', 'right.test'], folder)).toBe(0);
  expect(printed).toEqual(['right.test: 1 passed, 0 failed']);
});

it('runs a folder, and ends with 1 if any case failed or a script is not in the language', async () => {
  expect(await main(['promql', '.'], folder)).toBe(1);
  expect(printed).toEqual([
    expect.stringMatching(/^broken\.test:4: .*eval instant/),
    'right.test: 1 passed, 0 failed',
    'wrong.test: 1 passed, 1 failed',
  ]);
});

it('shows line, query, what was got and what was expected with --verbose', async () => {
  expect(await main(['promql', '--verbose', 'wrong.test'], folder)).toBe(1);
  expect(printed.slice(1)).toEqual(['  wrong.test:7: x\n    {__name__="x"} is 1, expected 2']);
});

it('explains itself for arguments that it does not know', async () => {
  expect(await main(['logql', '.'], folder)).toBe(2);
  expect(printed.join()).toContain('npm run conformance -- promql PATH');
});

it('says which path is not there', async () => {
  expect(await main(['promql', 'absent.test'], folder)).toBe(1);
  expect(printed.join()).toMatch(/absent\.test/);
});
