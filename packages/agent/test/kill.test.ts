import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { counterFaults } from './counter-target.ts';
import { killAtRandom } from './kill-run.ts';
import { type BuiltCommand, buildCommand } from './processes.ts';

let command: BuiltCommand;
const dir = mkdtempSync(join(tmpdir(), 'nightshift-agent-kill-'));

beforeAll(async () => {
  command = await buildCommand();
});
afterAll(() => {
  command.remove();
  rmSync(dir, { recursive: true, force: true });
});

it('loses and repeats nothing when the agent and the service are killed at random moments', async () => {
  const seconds = 20;
  const result = await killAtRandom({ entry: command.entry, dir, seconds, intervalMs: 200, random: Math.random });
  expect(result.faults).toEqual([]);
  expect(result.agentKills + result.serveKills).toBeGreaterThan(2);
  expect(result.stored).toBeGreaterThan(20);
  expect(result.stored + result.cut).toBeGreaterThanOrEqual(result.shown * 0.9);
}, 150_000);

it('has a test that sees a hole, a repeat and a value out of order', () => {
  const points = (...values: number[]) => values.map((value, i) => ({ time: i + 1, value }));
  const none = new Set<number>();
  expect(counterFaults(points(1, 2, 3), 3, none, [])).toEqual([]);
  expect(counterFaults(points(1, 3), 3, none, [])).toHaveLength(1);
  expect(counterFaults(points(1, 3), 3, new Set([2]), [])).toEqual([]);
  expect(counterFaults(points(1, 3), 3, none, [{ time: 1.5, value: 0 }])).toEqual([]);
  expect(counterFaults(points(1, 3), 3, none, [{ time: 2.5, value: 0 }])).toHaveLength(1);
  expect(counterFaults(points(1, 2, 2, 3), 3, none, [])).toHaveLength(1);
  expect(counterFaults(points(1, 2), 3, none, [])).toHaveLength(1);
});
