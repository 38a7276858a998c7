import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { ModuleInstrumentation } from '../../src/core/hub.ts';
import { betterSqlite3, libsql, nodeSqliteModule } from '../../src/databases/sqlite/index.ts';
import { type Calls, countsOf, expectEqualRuns, watching } from './compare.ts';

const require = createRequire(import.meta.url);

interface Statement {
  run(...values: unknown[]): { readonly changes: number | bigint };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): IterableIterator<unknown>;
  pluck?(): Statement;
  raw?(): Statement;
  columns?(): unknown[];
}

interface Database {
  prepare(text: string): Statement;
  exec(text: string): unknown;
  close(): void;
  transaction?(work: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown;
  pragma?(text: string): unknown;
}

interface Driver {
  readonly name: string;
  readonly instrumentation: ModuleInstrumentation;
  readonly exports: unknown;
  readonly open: () => Database;
}

function optional(name: string): unknown {
  try {
    return require(name);
  } catch {
    return undefined;
  }
}

type DatabaseClass = new (path: string) => Database;

/** Those that are installed; `node:sqlite` comes with Node 22. */
function driversHere(): Driver[] {
  const drivers: Driver[] = [];
  for (const [name, instrumentation] of [
    ['libsql', libsql],
    ['better-sqlite3', betterSqlite3],
  ] as const) {
    const exports = optional(name) as DatabaseClass | undefined;
    if (exports) drivers.push({ name, instrumentation, exports, open: () => new exports(':memory:') });
  }
  const node = process.versions.node.startsWith('20.') ? undefined : optional('node:sqlite');
  if (node) {
    const { DatabaseSync } = node as { DatabaseSync: DatabaseClass };
    drivers.push({
      name: 'node:sqlite',
      instrumentation: nodeSqliteModule,
      exports: node,
      open: () => new DatabaseSync(':memory:'),
    });
  }
  return drivers;
}

const one = 'SELECT * FROM users ORDER BY id';

const calls: Calls<Database> = {
  'all rows': (db) => db.prepare(one).all(),
  'all rows with values': (db) => db.prepare('SELECT name FROM users WHERE id > ?').all(1),
  'one row': (db) => {
    const row = db.prepare('SELECT name FROM users WHERE id = ?').get(2) as { name: string };
    return row.name;
  },
  'no row': (db) => [db.prepare('SELECT name FROM users WHERE id = ?').get(99), db.prepare(one).all().length],
  'a change': (db) => db.prepare("UPDATE users SET name = 'x' WHERE id < 3").run(),
  'named values': (db) => db.prepare('SELECT name FROM users WHERE id = :id').all({ id: 2 }),
  'rows one by one': (db) => [...db.prepare(one).iterate()],
  'the iterator': (db) => {
    const iterator = db.prepare(one).iterate();
    const { name, length } = iterator.next;
    const looks = [Object.keys(iterator), iterator.constructor?.name, name, length];
    return [looks, iterator.next(), iterator.next(), iterator.return?.()];
  },
  'an iterator that is left': (db) => {
    for (const row of db.prepare(one).iterate()) return row;
    return undefined;
  },
  'columns alone': (db) => {
    const plucked = db.prepare('SELECT name FROM users').pluck?.();
    return plucked && [plucked.all()];
  },
  'rows as arrays': (db) => db.prepare(one).raw?.().all(),
  'the columns': (db) => db.prepare(one).columns?.(),
  'what exec gives': (db) => typeof db.exec('DELETE FROM users; SELECT 1'),
  'a transaction': (db) => db.transaction?.((name) => db.prepare('INSERT INTO users(name) VALUES (?)').run(name))('d'),
  'a transaction that fails': (db) => {
    const fails = db.transaction?.(() => {
      db.prepare('DELETE FROM users').run();
      throw new Error('from the application');
    });
    let error: unknown;
    try {
      fails?.();
    } catch (thrown) {
      error = thrown;
    }
    return [error, db.prepare(one).all()];
  },
  'a pragma': (db) => db.pragma?.('user_version'),
  'a text that is no statement': (db) => db.prepare('SELECT * FRM users'),
  'no text': (db) => db.prepare(undefined as never),
  'an error of exec': (db) => db.exec('SELEC'),
  'a key that is there': (db) => db.prepare('INSERT INTO users(id) VALUES (1)').run(),
  'an error between rows': (db) => {
    const rows: unknown[] = [];
    try {
      for (const row of db.prepare('SELECT abs(-9223372036854775807 - (id > 1)) AS x FROM users').iterate())
        rows.push(row);
    } catch (error) {
      rows.push(String(error));
    }
    return rows.length > 0;
  },
  'what a statement looks like': (db) => {
    const statement = db.prepare(one);
    const { run, get, all, iterate } = statement;
    return [
      statement.constructor.name,
      Object.keys(statement).sort(),
      [run, get, all, iterate, db.prepare, db.exec].map(({ name, length }) => [name, length]),
    ];
  },
};

describe.each(driversHere())('$name', ({ instrumentation, exports, open }) => {
  const ready = async () => {
    const db = open();
    db.exec(
      "CREATE TABLE users (id integer PRIMARY KEY, name text); INSERT INTO users(name) VALUES ('a'), ('b'), ('c')",
    );
    return db;
  };
  const watch = () => watching(exports, [instrumentation]);

  it('works the same without the library, with it, and with one that fails everywhere', async () => {
    await expectEqualRuns(calls, ready, (db) => db.close(), watch);
  });

  it('counts each query once, with its rows and errors', async () => {
    const { hub, spans, undo } = watch();
    const db = await ready();
    db.prepare(one).all();
    db.prepare('SELECT * FROM users WHERE id = ?').get(1);
    for (const _row of db.prepare(one).iterate());
    const insert = db.prepare('INSERT INTO users(name) VALUES (?)');
    insert.run('d');
    insert.run('e');
    expect(() => db.prepare("INSERT INTO users(id, name) VALUES (1, 'secret')").run()).toThrow();
    expect(() => db.prepare('SELECT * FROM nothing')).toThrow();
    db.transaction?.(() => insert.run('f'))();
    const metrics = await hub.meters.registry.metrics();
    undo();
    db.close();
    const within = db.transaction ? { BEGIN: 1, COMMIT: 1 } : {};
    expect(countsOf(hub)).toEqual({
      'CREATE TABLE users': 1,
      'INSERT users': db.transaction ? 4 : 3,
      'SELECT users': 3,
      'SELECT nothing': 1,
      ...within,
    });
    expect(metrics).toContain('returned_rows_total{db_system_name="sqlite",operation="SELECT",collection="users"} 7');
    expect(metrics).toContain(
      `affected_rows_total{db_system_name="sqlite",operation="INSERT",collection="users"} ${db.transaction ? 3 : 2}`,
    );
    expect(metrics).toMatch(
      /errors_total\{db_system_name="sqlite",operation="INSERT",class="SQLITE_CONSTRAINT",code="SQLITE_CON/,
    );
    expect(metrics).toContain('errors_total{db_system_name="sqlite",operation="SELECT",class="SQLITE_ERROR"');
    expect(spans[1]!.attributes.get('db.query.text')).toBe(one);
    expect(JSON.stringify(hub.recorder.kinds())).not.toContain('secret');
  });
});

describe('statements', () => {
  it('does not count the time that the application takes between rows', async () => {
    const { hub, undo } = watching(require('libsql'), [libsql]);
    const db = new (require('libsql') as DatabaseClass)(':memory:');
    for (const _row of db.prepare('SELECT 1 UNION ALL SELECT 2').iterate()) {
      const until = performance.now() + 500;
      while (performance.now() < until);
    }
    undo();
    expect(hub.recorder.kinds()[0]!.total.seconds).toBeLessThan(0.5);
  });
});
