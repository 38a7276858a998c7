import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Built, copyOfBuild } from './built.ts';
import { killAllOf, processesOf } from './processes.ts';

const LIMIT_MS = 90_000;

/** The one line that `demo --json` ends with. */
interface Line {
  readonly detected_ms: number | null;
  readonly restored_ms: number | null;
  readonly failed_idempotent: number;
  readonly failed_other: number;
  readonly requests: number;
  readonly suspect_rank: number | null;
  readonly report: string | null;
  readonly missing: readonly string[];
}

let built: Built;
let dir: string;
beforeAll(() => {
  built = copyOfBuild();
}, 120_000);
afterAll(() => rmSync(built.dir, { recursive: true, force: true }));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-demo-test-'));
});
afterEach(() => {
  killAllOf(dir);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

interface Ended {
  readonly code: number | null;
  readonly story: string;
  readonly line: Line;
  /** How many processes the demo had at the same time, itself included. */
  readonly mostProcesses: number;
}

function playDemo(...options: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [built.entry, 'demo', '--json', ...options], {
    env: { PATH: process.env.PATH, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  let out = '';
  let story = '';
  let mostProcesses = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    story += text;
    mostProcesses = Math.max(mostProcesses, processesOf(dir).length);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const last = out.trimEnd().split('\n').at(-1);
      if (last) resolve({ code, story, line: JSON.parse(last) as Line, mostProcesses });
      else reject(new Error(`the demo ended with ${code} and without its line:\n${story}`));
    });
  });
}

function expectReport({ report }: Line): void {
  expect(report).not.toBeNull();
  expect(readFileSync(report as string, 'utf8')).toContain('src/store.ts');
  expect(existsSync((report as string).replace(/\.md$/, '.html'))).toBe(true);
}

/** Nothing runs any more, and only the report is left on the disk. */
function expectNothingLeft({ mostProcesses }: Ended): void {
  // The search has found the demo, serve, its engine and the gateway while they ran: otherwise an empty answer says nothing.
  if (existsSync('/proc')) expect(mostProcesses).toBeGreaterThan(3);
  expect(processesOf(dir)).toEqual([]);
  const left = readdirSync(dir);
  expect(left.filter((name) => !name.startsWith('nightshift-demo-report-'))).toEqual([]);
}

describe('the demo as a process', () => {
  it('hides the bad release from the users, takes it back and names the line', { timeout: LIMIT_MS }, async () => {
    const ended = await playDemo();
    expect(ended, ended.story).toMatchObject({
      code: 0,
      line: { failed_idempotent: 0, suspect_rank: 1, missing: [] },
    });
    expect(ended.line.restored_ms).toBeLessThan(5000);
    expect(ended.line.requests).toBeGreaterThan(1000);
    expectReport(ended.line);
    expectNothingLeft(ended);
  });

  it('restores by rollback alone, without failover', { timeout: LIMIT_MS }, async () => {
    const ended = await playDemo('--no-failover');
    expect(ended, ended.story).toMatchObject({ line: { suspect_rank: 1 } });
    expect(ended.line.restored_ms).not.toBeNull();
    expect(ended.line.restored_ms).toBeLessThan(5000);
    // Without failover the users see what the bad version answers: the scenario is not an empty one.
    expect(ended.line.failed_idempotent + ended.line.failed_other).toBeGreaterThan(0);
    expectReport(ended.line);
    expectNothingLeft(ended);
  });

  it('loses neither a request nor evidence when serve is killed meanwhile', { timeout: LIMIT_MS }, async () => {
    const ended = await playDemo('--kill-serve');
    expect(ended.story).toContain('kill -9');
    expect(ended, ended.story).toMatchObject({ code: 0, line: { failed_idempotent: 0, missing: [] } });
    expect(ended.line.restored_ms).not.toBeNull();
    expectReport(ended.line);
    expectNothingLeft(ended);
  });
});
