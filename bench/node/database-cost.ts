/**
 * What does watching one query cost, without a server in the way? `pg` is handed a connection that answers at once with a
 * row, and libsql runs in memory; processor time of a query, with the library less without it. Each variant in processes
 * of its own, taking turns; the median of the differences. And what a statement costs that was not seen before.
 *
 *     npx esbuild bench/node/database-cost.ts --bundle --platform=node --format=esm --external:prom-client \
 *       --outfile=node_modules/.nightshift-bench/database-cost.mjs && node node_modules/.nightshift-bench/database-cost.mjs
 */
import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../../packages/node/src/core/start.ts';
import { pg } from '../../packages/node/src/databases/postgres/index.ts';
import { classify } from '../../packages/node/src/databases/sql/classify.ts';
import { normalise } from '../../packages/node/src/databases/sql/normalise.ts';
import { MOST_READ, StatementCache } from '../../packages/node/src/databases/sql/statement.ts';
import { libsql } from '../../packages/node/src/databases/sqlite/index.ts';
import { machine, median } from '../promql/measure.ts';

/** The drivers are those that the library is tested with. */
const require = createRequire(join(process.cwd(), 'packages/node/test/package.json'));

/** Share of traces that is sampled; undefined: no library. */
const variants: Readonly<Record<string, number | undefined>> = {
  without: undefined,
  'metrics alone': 0,
  'metrics, and 10 % of traces': 0.1,
  'metrics, and all traces': 1,
};

const QUERIES = 40_000;
const WARM_UP = 10_000;
const TURNS = 5;
const TEXT = 'SELECT "id", "name" FROM "users" WHERE "id" = $1 AND "deleted" IS NULL LIMIT 1';

/** Answers what `pg` asks with one row, in the turn after. */
class AnsweringConnection extends EventEmitter {
  readonly parsedStatements = {};
  readonly submittedNamedStatements = {};
  readonly stream = { cork() {}, uncork() {} };
  private readonly fields = [
    { name: 'id', dataTypeID: 23, format: 'text' },
    { name: 'name', dataTypeID: 25, format: 'text' },
  ];

  connect(): void {
    queueMicrotask(() => this.emit('connect'));
  }
  startup(): void {
    queueMicrotask(() => this.emit('readyForQuery', { status: 'I' }));
  }
  parse(): void {}
  bind(): void {}
  describe(): void {}
  execute(): void {}
  sync(): void {
    setImmediate(() => {
      this.emit('parseComplete');
      this.emit('rowDescription', { fields: this.fields });
      this.emit('dataRow', { fields: ['1', 'somebody'] });
      this.emit('commandComplete', { text: 'SELECT 1' });
      this.emit('readyForQuery', { status: 'I' });
    });
  }
}

interface Client {
  connect(): Promise<unknown>;
  query(text: string, values: unknown[]): Promise<unknown>;
}

interface Database {
  prepare(text: string): { get(value: number): unknown };
  exec(text: string): void;
}

type Work = (count: number) => Promise<void>;

async function postgres(): Promise<Work> {
  const { Client } = require('pg') as { Client: new (settings: object) => Client };
  const client = new Client({ connection: new AnsweringConnection(), host: '127.0.0.1', database: 'bench' });
  await client.connect();
  return async (count) => {
    for (let i = 0; i < count; i++) await client.query(TEXT, [i]);
  };
}

async function sqlite(): Promise<Work> {
  const database = new (require('libsql') as new (path: string) => Database)(':memory:');
  database.exec("CREATE TABLE users (id integer PRIMARY KEY, name text); INSERT INTO users(name) VALUES ('somebody')");
  const statement = database.prepare('SELECT name FROM users WHERE id = ?');
  return async (count) => {
    for (let i = 0; i < count; i++) statement.get(1);
  };
}

const drivers = { 'pg, a promise with values': postgres, 'libsql, `get` of a prepared statement': sqlite };
type Driver = keyof typeof drivers;

/** Microseconds of processor time for one query. */
async function measure(driver: Driver, traceRate: number | undefined): Promise<number> {
  if (traceRate !== undefined) {
    const hub = start({ options: { traceRate }, environment: {}, instrumentations: [], say: console.error });
    hub.onSpan(() => {});
    pg.patch(require('pg'), hub);
    libsql.patch(require('libsql'), hub);
  }
  const work = await drivers[driver]();
  await work(WARM_UP);
  const before = process.cpuUsage();
  await work(QUERIES);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / QUERIES;
}

function inProcess(driver: string, variant: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), driver, variant], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  const microseconds = Number(stdout);
  if (stdout === '' || Number.isNaN(microseconds)) throw new Error(stderr);
  return microseconds;
}

function compare(driver: string): string[] {
  const names = Object.keys(variants);
  const measured = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const name of names) measured.get(name)!.push(inProcess(driver, name));
  }
  const without = measured.get('without')!;
  return names.map((name) => {
    const times = measured.get(name)!;
    const added = median(times.map((time, turn) => time - without[turn]!));
    return `| ${driver} | ${name} | ${median(times).toFixed(2)} | ${name === 'without' ? '' : added.toFixed(2)} |`;
  });
}

/** Microseconds of one call. */
function timed(work: (turn: number) => unknown, count = 100_000): string {
  for (let i = 0; i < count / 5; i++) work(i);
  const began = performance.now();
  for (let i = 0; i < count; i++) work(i);
  return (((performance.now() - began) / count) * 1000).toFixed(2);
}

function statements(): string[] {
  const cache = new StatementCache('postgresql');
  const bulk = `INSERT INTO t VALUES ${"(1, 'a', now()), ".repeat(10_000)}(1, 'a', now())`;
  return [
    `| seen before | ${timed(() => cache.of(TEXT).name)} |`,
    `| operation and table of a new one, ${TEXT.length} characters | ${timed(() => classify(TEXT, 'postgresql', MOST_READ))} |`,
    `| its text without literals | ${timed(() => normalise(TEXT, 'postgresql', MOST_READ))} |`,
    `| operation and table of ${bulk.length} characters | ${timed(() => classify(bulk, 'postgresql', MOST_READ), 10_000)} |`,
    `| its text without literals | ${timed(() => normalise(bulk, 'postgresql', MOST_READ), 1000)} |`,
  ];
}

const [driver, variant] = process.argv.slice(2);
if (driver !== undefined && variant !== undefined) {
  process.stdout.write(String(await measure(driver as Driver, variants[variant])));
  process.exit(0);
}
const table = Object.keys(drivers).flatMap(compare);
console.log(
  [
    machine(),
    '',
    '| driver | variant | µs a query | added |',
    '|---|---|--:|--:|',
    ...table,
    '',
    '| a statement | µs |',
    '|---|--:|',
    ...statements(),
  ].join('\n'),
);
