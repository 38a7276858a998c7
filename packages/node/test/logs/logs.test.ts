import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf, textOfArguments } from '../../src/logs/shown.ts';

const here = import.meta.dirname;
const application = resolve(here, 'app.mjs');
const hasTools = existsSync(resolve(here, '../node_modules/pino'));

const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

interface Shown {
  readonly severity: number;
  readonly severityText: string;
  readonly traceId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Standard output is a file: into a full pipe, loggers that each write for themselves cut each other's lines. */
function run(args: readonly string[]) {
  const printed = join(built, 'stdout');
  const file = openSync(printed, 'w');
  const { stderr, output, status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', file, 'pipe', 'pipe'],
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  closeSync(file);
  return {
    stdout: readFileSync(printed, 'utf8'),
    stderr: stderr.toString(),
    pushed: output[3]?.toString() ?? '',
    status,
  };
}

/** In a directory from where the packages of the application are found. */
const built = mkdtempSync(resolve(here, '../../../../node_modules/.nightshift-test-'));
const library = join(built, 'with-library.mjs');

beforeAll(() =>
  build({
    entryPoints: [resolve(here, 'with-library.ts')],
    outfile: library,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['prom-client', 'import-in-the-middle', 'require-in-the-middle', '@opentelemetry/api'],
  }),
);
afterAll(() => rmSync(built, { recursive: true, force: true }));

describe.skipIf(!hasTools)('what an application prints', () => {
  it('is the same with the library and becomes records with their trace', { timeout: 120_000 }, () => {
    const plain = run([application]);
    const watched = run([library, application]);
    expect(watched.stderr).toBe(plain.stderr);
    expect(watched.stdout).toBe(plain.stdout);
    expect([plain.status, watched.status]).toEqual([0, 0]);

    const records = JSON.parse(watched.pushed) as Shown[];
    const find = (text: string) => records.filter(({ body }) => body.includes(text));
    expect(new Set(records.map(({ traceId }) => traceId)).size).toBe(1);
    expect(records[0]!.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(find('plain')).toMatchObject([{ severity: 9, severityText: 'log' }]);
    expect(find('a is 1.5 of 2')).toHaveLength(1);
    expect(find('[Circular]')[0]?.body).toContain('[Getter]');
    expect(find('to the other stream')).toMatchObject([{ severity: 17 }]);
    expect(find('within')).toHaveLength(1);
    expect(find('hello pino')).toMatchObject([
      { severity: 9, severityText: 'info', attributes: { app: 'x', user: 'ada', password: '[Redacted]' } },
    ]);
    expect(find('pino failed')).toMatchObject([{ severity: 17, attributes: { part: 'child' } }]);
    expect(find('a *** word')).toHaveLength(1);
    expect(find('by the ').map(({ body }) => body)).toEqual(['by the inner pino', 'by the outer pino']);
    expect(find('hello winston')).toMatchObject([{ severity: 9, attributes: { user: 'ada', token: '***' } }]);
    expect(find('winston failed')).toHaveLength(1);
    expect(find('hello bunyan')).toMatchObject([{ severity: 9, attributes: { name: 'bun', user: 'ada', big: 5 } }]);
    expect(find('bunyan failed')).toMatchObject([{ severity: 21, attributes: { self: expect.any(String) } }]);
    expect(find('not printed')).toEqual([]);
    expect(find('must not come back')).toEqual([]);
    expect(watched.pushed).not.toContain('"secret"');
    expect(watched.pushed).not.toContain('hidden');
    expect(Math.max(...records.map(({ body }) => body.length))).toBeLessThan(10_000);
  });

  it('is the same when every part of the library fails', { timeout: 120_000 }, () => {
    const plain = run([application]);
    const failing = run([library, application, 'faults']);
    expect(failing.stdout).toBe(plain.stdout);
    expect(failing.stderr).toBe(plain.stderr);
    expect(failing.pushed).toBe('[]');
  });
});

describe('a value', () => {
  it('is shown without running its code', () => {
    let ran = 0;
    const trap = () => {
      ran++;
      throw new Error('ran');
    };
    class Own {
      field = 1;
      toString = trap;
      toJSON = trap;
      [INSPECT] = trap;
      get [Symbol.toPrimitive]() {
        return trap;
      }
    }
    const date = Object.assign(new Date(5), { toISOString: trap });
    const proxy = new Proxy({}, { get: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap });
    const list = Object.defineProperty([1, 2], 0, { get: trap });
    expect(textOfArguments(['%s %s %j', new Own(), date, proxy, list])).toContain('1970-01-01T00:00:00.005Z');
    expect(textOf(proxy)).toBe('[Proxy]');
    expect(textOf(list)).toBe('[[Getter],2]');
    expect(ran).toBe(0);
  });

  it('is bounded in length, breadth and depth', () => {
    const deep: Record<string, unknown> = {};
    let at = deep;
    for (let i = 0; i < 10_000; i++) at = at.next = {};
    const wide = Array.from({ length: 1_000_000 }, () => ({ text: 'x'.repeat(10_000) }));
    const before = performance.now();
    for (const value of [deep, wide, 'x'.repeat(50_000_000), new Array(2 ** 32 - 1)]) {
      expect(textOf(value).length).toBeLessThan(10_000);
      expect(textOfArguments([value, value]).length).toBeLessThan(10_000);
    }
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
