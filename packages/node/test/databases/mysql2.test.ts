import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as Mysql from 'mysql2';
import type * as MysqlPromise from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mysql2 as instrumentation, mysql2Connection, mysql2Pool } from '../../src/databases/mysql/index.ts';
import { type Calls, called, countsOf, expectEqualRuns, request, watching } from './compare.ts';
import { hasMariadb, startMariadb } from './servers/mariadb.ts';
import type { Server } from './servers/process.ts';

const require = createRequire(import.meta.url);
const mysql = require('mysql2') as typeof Mysql;
const promises = require('mysql2/promise') as typeof MysqlPromise;

interface Place {
  readonly connection: Mysql.Connection;
  readonly pool: Mysql.Pool;
  readonly settings: Mysql.ConnectionOptions;
}

const one = 'SELECT * FROM users ORDER BY id';
const nowhere = { host: '127.0.0.1', port: 1 };

/** Until the server has begun with the statement of a connection. */
async function untilItSleeps(other: MysqlPromise.Connection, id: number): Promise<void> {
  const sql = "SELECT 1 FROM information_schema.processlist WHERE id = ? AND info LIKE 'SELECT SLEEP%'";
  const sleeps = async () => ((await other.query(sql, [id]))[0] as unknown[]).length > 0;
  await vi.waitUntil(sleeps, { timeout: 10_000 });
}

/** All events of a command. */
const events = (command: { on(name: string, listener: (...args: unknown[]) => void): unknown }) =>
  new Promise((resolve) => {
    const seen: unknown[] = [];
    for (const name of ['result', 'fields', 'error']) command.on(name, (...args) => seen.push([name, ...args]));
    command.on('end', () => resolve([seen, request.getStore()]));
  });

const calls: Calls<Place> = {
  'a callback': ({ connection }) => called((callback) => connection.query(one, callback)),
  'a callback with values': ({ connection }) =>
    called((callback) => connection.query('SELECT name FROM users WHERE id = ?', [1], callback)),
  'a callback of options': ({ connection }) =>
    called((callback) => connection.query({ sql: one, rowsAsArray: true }, callback)),
  'named placeholders': ({ connection }) =>
    called((callback) =>
      connection.query({ sql: 'SELECT name FROM users WHERE id = :id', namedPlaceholders: true }, { id: 2 }, callback),
    ),
  'an execution': ({ connection }) =>
    called((callback) => connection.execute('SELECT name FROM users WHERE id = ?', [1], callback)),
  'an execution, twice': async ({ connection }) => [
    await called((callback) => connection.execute(one, callback)),
    await called((callback) => connection.execute(one, callback)),
  ],
  'a prepared statement': ({ connection }) =>
    new Promise((resolve) => {
      connection.prepare('SELECT name FROM users WHERE id = ?', (error, statement) => {
        statement.execute([2], (failure, rows) => {
          statement.close();
          resolve([error, failure, rows, request.getStore()]);
        });
      });
    }),
  'a statement that cannot be prepared': ({ connection }) =>
    called((callback) => connection.prepare('SELECT * FROM nothing', callback as never)),
  events: ({ connection }) => events(connection.query(one)),
  'events of an execution': ({ connection }) => events(connection.execute(one)),
  'events of an error': ({ connection }) => events(connection.query('SELECT * FROM nothing')),
  'events of an execution that fails': ({ connection }) => events(connection.execute('SELECT * FROM nothing')),
  'an error that nobody listens to': async ({ connection }) => {
    const seen: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => seen.push(error.message));
    connection.on('error', (error) => seen.push(`connection: ${error.message}`));
    connection.query('SELECT * FROM nothing');
    await vi.waitUntil(() => seen.length > 0, { timeout: 10_000 });
    await sleep(20);
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
    return seen;
  },
  'the listeners of a command': async ({ connection }) => {
    const command = connection.query(one);
    const looks = [command.eventNames(), command.constructor.name, Object.keys(command).sort()];
    await events(command);
    return looks;
  },
  'a stream': async ({ connection }) => {
    const rows: unknown[] = [];
    for await (const row of connection.query(one).stream({ highWaterMark: 1 })) rows.push(row);
    return rows;
  },
  'a stream that is left': async ({ connection }) => {
    const rows: unknown[] = [];
    for await (const row of connection.query(one).stream()) {
      rows.push(row);
      break;
    }
    return [rows, await called((callback) => connection.query('SELECT 1', callback))];
  },
  'a change': ({ connection }) =>
    called((callback) => connection.query("UPDATE users SET name = 'x' WHERE id < 3", callback)),
  'several statements': ({ connection }) =>
    called((callback) => connection.query('SELECT 1 AS a; DELETE FROM users WHERE id > 1; SELECT 2 AS b', callback)),
  'an error': ({ connection }) => called((callback) => connection.query('SELEC', callback)),
  'an error of an execution': ({ connection }) =>
    called((callback) => connection.execute('SELECT * FROM nothing', callback)),
  'a key that is there': ({ connection }) =>
    called((callback) => connection.query('INSERT INTO users(id, name) VALUES (?, ?)', [1, 'secret'], callback)),
  'values that are none': ({ connection }) => connection.execute(one, { a: 1 } as never, () => {}),
  'a value that is undefined': ({ connection }) => connection.execute('SELECT ?', [undefined] as never, () => {}),
  'a connection that is closed': async ({ settings }) => {
    const own = mysql.createConnection(settings);
    own.on('error', () => {});
    own.destroy();
    return called((callback) => own.query(one, callback));
  },
  'a query that takes too long': ({ settings }) =>
    called((callback) => {
      const own = mysql.createConnection(settings);
      own.on('error', () => {});
      return own.query({ sql: 'SELECT SLEEP(0.3)', timeout: 30 }, (...results: unknown[]) => {
        own.destroy();
        callback(...results);
      });
    }),
  'a connection that is lost': async ({ connection, settings }) => {
    connection.on('error', () => {});
    const killer = await promises.createConnection(settings);
    const outcome = called((callback) => connection.query('SELECT SLEEP(5)', callback));
    await untilItSleeps(killer, connection.threadId);
    await killer.query(`KILL ${connection.threadId}`);
    await killer.end();
    return outcome;
  },
  'a stream of a connection that is lost': async ({ connection, settings }) => {
    const lost = new Promise((resolve) => connection.on('error', resolve));
    const killer = await promises.createConnection(settings);
    connection.query('SELECT SLEEP(5)');
    await untilItSleeps(killer, connection.threadId);
    await killer.query(`KILL ${connection.threadId}`);
    await killer.end();
    return lost;
  },
  'what the methods look like': ({ connection, pool }) => [
    [connection.query.name, connection.query.length, connection.execute.name, connection.execute.length],
    [pool.query.name, pool.query.length, pool.getConnection.name, pool.getConnection.length],
    Object.keys(connection).sort(),
    Object.keys(pool).sort(),
  ],
  'a promise': async ({ settings }) => {
    const own = await promises.createConnection(settings);
    const promise = own.query(one);
    const results = [await promise, promise.constructor === Promise, await own.execute(one)];
    await own.end();
    return results;
  },
  'a promise of an error': async ({ settings }) => {
    const own = await promises.createConnection(settings);
    const results = [await own.query('SELEC').catch(String), await own.execute('SELECT * FROM nothing').catch(String)];
    await own.end();
    return results;
  },
  'a promise of a pool': async ({ pool }) => [
    await pool.promise().query(one),
    await pool.promise().execute('SELECT name FROM users WHERE id = ?', [1]),
    await pool.promise().query('SELECT * FROM nothing').catch(String),
  ],
  'a callback of a pool': ({ pool }) => called((callback) => pool.query(one, callback)),
  'an execution of a pool': ({ pool }) => called((callback) => pool.execute(one, callback)),
  'events of a pool': ({ pool }) => events(pool.query(one)),
  'a stream of a pool': async ({ pool }) => {
    const rows: unknown[] = [];
    for await (const row of pool.query(one).stream()) rows.push(row);
    return rows;
  },
  'a connection of a pool': ({ pool }) =>
    new Promise((resolve) => {
      pool.getConnection((error, connection) => {
        connection.query(one, (failure, rows) => {
          connection.release();
          resolve([error, failure, rows, request.getStore()]);
        });
      });
    }),
  'a pool that is at its end': ({ pool }) =>
    Promise.all(Array.from({ length: 8 }, (_, i) => pool.promise().query('SELECT ? AS i', [i]))),
  'a pool without a server': () => called((callback) => mysql.createPool(nowhere).query(one, callback)),
  'a promise of a pool without a server': () => promises.createPool(nowhere).query(one),
  'a cluster of pools': async ({ settings }) => {
    const cluster = mysql.createPoolCluster();
    cluster.add('a', settings);
    const outcome = await called((callback) => cluster.of('*').query(one, callback));
    await new Promise((resolve) => cluster.end(resolve));
    return outcome;
  },
  'a transaction': async ({ pool }) => {
    const connection = await pool.promise().getConnection();
    await connection.beginTransaction();
    await connection.query("UPDATE users SET name = 'x'");
    await connection.rollback();
    const [rows] = await connection.query(one);
    connection.release();
    return rows;
  },
};

describe.skipIf(!hasMariadb)('mysql2', () => {
  let server: Server;
  let settings: Mysql.ConnectionOptions;

  beforeAll(async () => {
    server = await startMariadb(async (port) => {
      const root = await promises.createConnection({ host: '127.0.0.1', port, user: 'root', multipleStatements: true });
      await root.query(
        "CREATE DATABASE IF NOT EXISTS test; CREATE USER IF NOT EXISTS test@'127.0.0.1' IDENTIFIED BY 'test'",
      );
      await root.query("GRANT ALL ON *.* TO test@'127.0.0.1'");
      await root.end();
    });
    settings = {
      ...{ host: '127.0.0.1', port: server.port, user: 'test', password: 'test', database: 'test' },
      multipleStatements: true,
    };
  });
  afterAll(() => server?.stop());

  const open = async (): Promise<Place> => {
    const connection = mysql.createConnection(settings);
    await called((callback) =>
      connection.query(
        `DROP TABLE IF EXISTS users; CREATE TABLE users (id int PRIMARY KEY AUTO_INCREMENT, name text);
         INSERT INTO users(name) VALUES ('a'), ('b'), ('c')`,
        callback,
      ),
    );
    return { connection, pool: mysql.createPool({ ...settings, connectionLimit: 2 }), settings };
  };
  const close = async ({ connection, pool }: Place) => {
    connection.destroy();
    await new Promise((resolve) => pool.end(resolve));
  };
  const watch = (options = {}) => watching(mysql, [instrumentation], options);

  it('works the same without the library, with it, and with one that fails everywhere', async () => {
    const original = mysql.Connection.prototype.query;
    await expectEqualRuns(calls, open, close, watch);
    expect(mysql.Connection.prototype.query).toBe(original);
  }, 120_000);

  it('counts each query once, by its text without values, with its rows and errors', async () => {
    const place = await open();
    const { hub, spans, undo } = watch();
    const { connection, pool } = place;
    await called((callback) => connection.query('SELECT * FROM users WHERE id = ?', [2], callback));
    await called((callback) => connection.execute('SELECT * FROM users WHERE id < ?', [3], callback));
    await called((callback) => connection.query("INSERT INTO users(name) VALUES ('d'), ('e')", callback));
    await called((callback) => connection.query("INSERT INTO users(id) VALUES (1, 'secret')", callback));
    await called((callback) => connection.execute('SELECT * FROM nothing', callback));
    await events(connection.execute('SELECT * FROM nowhere'));
    await events(connection.query(one));
    for await (const _row of connection.query(one).stream());
    await pool.promise().query('SELECT * FROM users WHERE id = ?', [1]);
    await called((callback) => pool.execute(one, callback));
    await events(pool.query(one));
    const metrics = await hub.meters.registry.metrics();
    undo();
    await close(place);
    expect(countsOf(hub)).toEqual({ 'INSERT users': 2, 'SELECT nothing': 1, 'SELECT nowhere': 1, 'SELECT users': 7 });
    expect(metrics).toContain('returned_rows_total{db_system_name="mysql",operation="SELECT",collection="users"} 24');
    expect(metrics).toContain('affected_rows_total{db_system_name="mysql",operation="INSERT",collection="users"} 2');
    expect(metrics).toContain(
      'errors_total{db_system_name="mysql",operation="SELECT",class="42",code="ER_NO_SUCH_TABLE"} 2',
    );
    expect(metrics).toContain(`db_client_connections_usage{pool="127.0.0.1:${settings.port}/test",state="idle"} 1`);
    expect(Object.fromEntries(spans[0]!.attributes)).toEqual({
      'db.system.name': 'mysql',
      'db.namespace': 'test',
      'server.address': '127.0.0.1',
      'server.port': settings.port,
      'db.operation.name': 'SELECT',
      'db.collection.name': 'users',
      'db.query.summary': 'SELECT users',
      'db.query.text': 'SELECT * FROM users WHERE id = ?',
      'db.response.returned_rows': 1,
    });
    expect(JSON.stringify(hub.recorder.kinds())).not.toContain('secret');
  });

  it('sees what mysql2/promise does by itself', async () => {
    const place = await open();
    const file = (path: string) => require(join(dirname(require.resolve('mysql2')), path));
    const first = watching(file('lib/connection.js'), [mysql2Connection]);
    const { hub } = first;
    const pools = mysql2Pool.patch(file('lib/pool.js'), hub);
    const own = await promises.createConnection(settings);
    await own.query(one);
    await own.execute(one);
    await own.end();
    const pool = promises.createPool(settings);
    await pool.query(one);
    await pool.end();
    pools();
    first.undo();
    await close(place);
    expect(countsOf(hub)).toEqual({ 'SELECT users': 3 });
  });

  it('gives a query of a pool the span that asked for it, and counts what waits', async () => {
    const place = await open();
    const { hub, spans, undo } = watch();
    const { pool } = place;
    const parents = Array.from({ length: 6 }, (_, i) => hub.tracer.start(`request ${i}`, 'server'));
    const asked = parents.map((span) => hub.tracer.run(span, () => pool.promise().query(one)));
    const during = await hub.meters.registry.metrics();
    await Promise.all(asked);
    await promises
      .createPool(nowhere)
      .query(one)
      .catch(() => {});
    const after = await hub.meters.registry.metrics();
    undo();
    await close(place);
    for (const { spanId } of parents) expect(spans.filter((span) => span.parentSpanId === spanId)).toHaveLength(1);
    const name = `127.0.0.1:${settings.port}/test`;
    expect(during).toContain(`db_client_connections_usage{pool="${name}",state="used"} 2`);
    expect(during).toContain(`db_client_connections_usage{pool="${name}",state="waiting"} 4`);
    expect(after).toContain(`db_client_connections_usage{pool="${name}",state="waiting"} 0`);
    expect(after).toContain('operation="SELECT",class="ECONNREFUSED",code="ECONNREFUSED"} 1');
  });

  it('counts a stream whose connection is lost', async () => {
    const place = await open();
    const { hub, undo } = watch();
    await calls['a stream of a connection that is lost']!(place);
    undo();
    await close(place);
    const { total, notable } = hub.recorder.kinds()[0]!;
    expect(total.failed).toBe(1);
    expect(notable.map(({ detail }) => detail)).toEqual(['SELECT SLEEP(?)']);
  });
});
