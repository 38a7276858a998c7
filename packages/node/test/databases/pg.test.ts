import { createRequire } from 'node:module';
import type * as Pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pg as instrumentation } from '../../src/databases/postgres/index.ts';
import { unhandledWhile } from '../services/watching.ts';
import { type Calls, called, countsOf, expectEqualRuns, request, watching } from './compare.ts';
import { postgresPrograms, startPostgres } from './servers/postgres.ts';
import type { Server } from './servers/process.ts';

const require = createRequire(import.meta.url);
const pg = require('pg') as typeof Pg;

interface Place {
  readonly client: Pg.Client;
  readonly pool: Pg.Pool;
  readonly settings: Pg.ClientConfig;
}

/** Of a package that may not be there. */
function optional<T>(name: string): T | undefined {
  try {
    return require(name) as T;
  } catch {
    return undefined;
  }
}

type CursorClass = new (
  text: string,
) => Pg.Submittable & { read(rows: number): Promise<unknown[]>; close(): Promise<void> };
const Cursor = optional<CursorClass>('pg-cursor');
const QueryStream = optional<new (text: string) => Pg.Submittable & AsyncIterable<unknown>>('pg-query-stream');

const events = (query: Pg.Query) =>
  new Promise((resolve) => {
    const seen: unknown[] = [];
    query.on('row', (row: unknown) => seen.push(row));
    query.on('error', (error: Error) => resolve([seen, error]));
    query.on('end', (result: unknown) => resolve([seen, result]));
  });

const submitted = (...args: unknown[]): Pg.Query =>
  new (pg.Query as unknown as new (...args: unknown[]) => Pg.Query)(...args);

const one = 'SELECT * FROM users ORDER BY id';

const calls: Calls<Place> = {
  'a promise': ({ client }) => client.query(one),
  'a promise with values': ({ client }) => client.query('SELECT * FROM users WHERE id = $1', [2]),
  'the class of the promise': ({ client }) => {
    const promise = client.query(one);
    return promise.then(() => [promise.constructor === Promise, Object.keys(promise)]);
  },
  'a configuration': ({ client }) => client.query({ text: 'SELECT id FROM users', rowMode: 'array' }),
  'a prepared statement, twice': async ({ client }) => {
    const config = { name: 'find', text: 'SELECT name FROM users WHERE id = $1', values: [1] };
    return [await client.query(config), await client.query(config), config];
  },
  'a callback': ({ client }) => called((callback) => client.query(one, callback)),
  'a callback with values': ({ client }) =>
    called((callback) => client.query('SELECT name FROM users WHERE id = $1', [1], callback)),
  'a callback of a configuration': ({ client }) => called((callback) => client.query({ text: one }, callback)),
  'a callback within a configuration': async ({ client }) => {
    let config: { text: string; callback?: unknown } = { text: one };
    const seen = await called((callback) => {
      config = { text: one, callback };
      return client.query(config as never);
    });
    return [seen, Object.keys(config), (config.callback as { name: string }).name];
  },
  'a query that is submitted': ({ client }) => events(client.query(submitted(one))),
  'a query that is submitted and fails': ({ client }) => events(client.query(submitted('SELECT nothing FROM users'))),
  'a query that is submitted with a callback': ({ client }) =>
    called((callback) => client.query(submitted(one, callback) as never)),
  'several statements': ({ client }) =>
    client.query('SELECT 1 AS a; INSERT INTO users(name) VALUES (1); DELETE FROM users WHERE id > 3'),
  'a change': ({ client }) => client.query('UPDATE users SET age = 5 RETURNING id'),
  'an error': ({ client }) => client.query('SELECT * FROM nothing'),
  'an error by callback': ({ client }) => called((callback) => client.query('SELEC 1', callback)),
  'a key that is there': ({ client }) => client.query("INSERT INTO users(id, name) VALUES (1, 'secret')"),
  'no query': ({ client }) => client.query(undefined as never),
  'a callback that is none': ({ client }) => client.query(one, [], 5 as never),
  'values that are none': ({ client }) => client.query({ text: one, values: 5 } as never),
  'a text that is none': ({ client }) => client.query({ text: 5 } as never),
  'a client that has ended': async ({ settings }) => {
    const own = new pg.Client(settings);
    await own.connect();
    await own.end();
    return own.query(one);
  },
  'a query that takes too long': ({ client }) =>
    client.query({ text: 'SELECT pg_sleep(0.3)', query_timeout: 30 } as never),
  'a connection that is lost': async ({ client, settings }) => {
    const other = new pg.Client(settings);
    await other.connect();
    client.on('error', () => {});
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const outcome = client.query('SELECT pg_sleep(5)').catch((error: Error) => error);
    const isRunning = "SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE '%pg_sleep%'";
    const running = async () => (await other.query(isRunning, [rows[0].pid])).rowCount === 1;
    await vi.waitUntil(running, { timeout: 10_000 });
    await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    const error = await outcome;
    await other.end();
    return error;
  },
  'a server that is not there': async () => {
    const own = new pg.Client({ host: '127.0.0.1', port: 1 });
    return own.connect();
  },
  'what the methods look like': ({ client, pool }) => [
    [
      client.query.name,
      client.query.length,
      pool.query.name,
      pool.query.length,
      pool.connect.name,
      pool.connect.length,
    ],
    Object.keys(client).sort(),
    Object.keys(pool).sort(),
    Object.getOwnPropertyNames(Object.getPrototypeOf(client)).sort(),
  ],
  'a promise of a pool': ({ pool }) => pool.query('SELECT * FROM users WHERE id = $1', [1]),
  'a callback of a pool': ({ pool }) => called((callback) => pool.query(one, callback)),
  'a callback of a pool with values': ({ pool }) =>
    called((callback) => pool.query('SELECT name FROM users WHERE id = $1', [1], callback)),
  'an error of a pool': ({ pool }) => pool.query('SELECT * FROM nothing'),
  'a pool without a server': () => new pg.Pool({ host: '127.0.0.1', port: 1 }).query(one),
  'a pool without a server, by callback': () =>
    called((callback) => new pg.Pool({ host: '127.0.0.1', port: 1 }).query(one, callback)),
  'a client of a pool': async ({ pool }) => {
    const client = await pool.connect();
    const { rows } = await client.query(one);
    client.release();
    return [rows, pool.totalCount, pool.idleCount];
  },
  'a client of a pool by callback': ({ pool }) =>
    new Promise((resolve) => {
      pool.connect((error, client, release) => {
        client?.query(one, (_error, result) => {
          release();
          resolve([error, result.rows, request.getStore()]);
        });
      });
    }),
  'a pool that is at its end': async ({ pool }) =>
    Promise.all(Array.from({ length: 10 }, (_, i) => pool.query('SELECT $1::int AS i', [i]).then(({ rows }) => rows))),
  'a function as the query of a pool': ({ pool }) => called((callback) => pool.query(callback as never)),
  'a transaction': async ({ client }) => {
    await client.query('BEGIN');
    await client.query("UPDATE users SET name = 'x'");
    return client.query('ROLLBACK');
  },
  ...(Cursor && {
    'a cursor': async ({ client }: Place) => {
      const cursor = client.query(new Cursor('SELECT * FROM users ORDER BY id'));
      const rows = [await cursor.read(2), await cursor.read(2), await cursor.read(2)];
      await cursor.close();
      return rows;
    },
  }),
  ...(QueryStream && {
    'a stream': async ({ client }: Place) => {
      const rows: unknown[] = [];
      for await (const row of client.query(new QueryStream('SELECT * FROM users ORDER BY id'))) rows.push(row);
      return rows;
    },
  }),
};

describe.skipIf(!postgresPrograms)('pg', () => {
  let server: Server;
  let settings: Pg.ClientConfig;

  beforeAll(async () => {
    server = await startPostgres(async (port) => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.end();
    });
    settings = { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' };
  });
  afterAll(() => server?.stop());

  const open = async (): Promise<Place> => {
    const client = new pg.Client(settings);
    await client.connect();
    await client.query('DROP TABLE IF EXISTS users; CREATE TABLE users (id serial PRIMARY KEY, name text, age int)');
    await client.query("INSERT INTO users(name) VALUES ('a'), ('b'), ('c')");
    return { client, pool: new pg.Pool({ ...settings, max: 2 }), settings };
  };
  const close = async ({ client, pool }: Place) => {
    await client.end();
    await pool.end();
  };

  const watch = (options = {}) => watching(pg, [instrumentation], options);

  it('works the same without the library, with it, and with one that fails everywhere', async () => {
    const original = pg.Client.prototype.query;
    await expectEqualRuns(calls, open, close, watch);
    expect(pg.Client.prototype.query).toBe(original);
  }, 120_000);

  it('counts each query once, with its rows and errors', async () => {
    const place = await open();
    const { hub, spans, undo } = watch();
    const { client, pool } = place;
    await client.query(one);
    await client.query("INSERT INTO users(name) VALUES ('d'), ('e')");
    await client.query('SELECT * FROM nothing').catch(() => {});
    await client.query("INSERT INTO users(id, name) VALUES (1, 'secret')").catch(() => {});
    await pool.query('SELECT * FROM users WHERE id = $1', [1]);
    await events(client.query(submitted(one)));
    await called((callback) => pool.query(one, callback));
    const metrics = await hub.meters.registry.metrics();
    undo();
    await close(place);
    expect(countsOf(hub)).toEqual({ 'SELECT users': 4, 'INSERT users': 2, 'SELECT nothing': 1 });
    expect(metrics).toContain(
      'returned_rows_total{db_system_name="postgresql",operation="SELECT",collection="users"} 14',
    );
    expect(metrics).toContain(
      'affected_rows_total{db_system_name="postgresql",operation="INSERT",collection="users"} 2',
    );
    expect(metrics).toContain('errors_total{db_system_name="postgresql",operation="SELECT",class="42",code="42P01"} 1');
    expect(metrics).toContain('errors_total{db_system_name="postgresql",operation="INSERT",class="23",code="23505"} 1');
    expect(metrics).toContain(`db_client_connections_usage{pool="127.0.0.1:${settings.port}/postgres",state="idle"} 1`);
    expect(Object.fromEntries(spans[4]!.attributes)).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.address': '127.0.0.1',
      'server.port': settings.port,
      'db.operation.name': 'SELECT',
      'db.collection.name': 'users',
      'db.query.summary': 'SELECT users',
      'db.query.text': 'SELECT * FROM users WHERE id = $1',
      'db.response.returned_rows': 1,
    });
    expect(spans[3]).toMatchObject({ failed: true, kind: 'client', name: 'INSERT users' });
    const notable = hub.recorder.kinds()[0]!.notable.map(({ detail }) => detail);
    expect(notable).toContain('INSERT INTO users(id, name) VALUES (?, ?)');
    expect(JSON.stringify([...notable, metrics])).not.toContain('secret');
  });

  it('keeps slow queries, whatever is sampled', async () => {
    const place = await open();
    const { hub, undo } = watch({ samplingRate: 0, samplingMinimum: 0, slowQueryThreshold: 0.05 });
    await place.client.query('SELECT pg_sleep(0.06)');
    await place.client.query(one);
    undo();
    await close(place);
    expect(hub.recorder.kinds()[0]?.notable.map(({ detail }) => detail)).toEqual(['SELECT pg_sleep(?)']);
  });

  it('gives a query of a pool the span that asked for it, however long it waits', async () => {
    const place = await open();
    const { hub, spans, undo } = watch();
    const { pool } = place;
    const parents = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const span = hub.tracer.start(`request ${i}`, 'server');
        await hub.tracer.run(span, async () => {
          await pool.query(`SELECT ${i} FROM users`);
          await called((callback) => pool.query(`SELECT ${i} FROM users`, callback));
        });
        return span;
      }),
    );
    const outside = await hub.tracer.run(undefined, () => pool.query('SELECT 1'));
    undo();
    await close(place);
    expect(outside.rowCount).toBe(1);
    for (const { spanId, traceId } of parents) {
      const children = spans.filter((span) => span.parentSpanId === spanId);
      expect(children.map((span) => span.traceId)).toEqual([traceId, traceId]);
    }
    expect(spans.at(-1)).toMatchObject({ name: 'SELECT', parentSpanId: '' });
  });

  it('counts what waits for a pool, and what cannot connect', async () => {
    const place = await open();
    const { hub, undo } = watch();
    const { pool } = place;
    const held = await Promise.all([pool.connect(), pool.connect()]);
    const waits = pool.query(one);
    const read = () => hub.meters.registry.metrics();
    const name = `127.0.0.1:${settings.port}/postgres`;
    const during = await read();
    for (const client of held) client.release();
    await waits;
    const after = await read();
    await new pg.Pool({ host: '127.0.0.1', port: 1 }).query(one).catch(() => {});
    await new pg.Pool({ host: '127.0.0.1', port: 1 }).connect().catch(() => {});
    const failed = await read();
    undo();
    await close(place);
    for (const [state, value] of [
      ['used', 2],
      ['idle', 0],
      ['waiting', 1],
    ]) {
      expect(during).toContain(`db_client_connections_usage{pool="${name}",state="${state}"} ${value}`);
    }
    for (const [state, value] of [
      ['used', 0],
      ['idle', 2],
      ['waiting', 0],
    ]) {
      expect(after).toContain(`db_client_connections_usage{pool="${name}",state="${state}"} ${value}`);
    }
    expect(after).toContain(`db_client_connection_wait_time_seconds_count{pool="${name}"} 3`);
    expect(failed).toContain('operation="SELECT",class="ECONNREFUSED",code="ECONNREFUSED"} 1');
    // Of the pool of its own, and of the one that a query waited for.
    expect(failed).toContain('operation="CONNECT",class="ECONNREFUSED",code="ECONNREFUSED"} 2');
  });

  it('lets an unhandled rejection be one', async () => {
    const place = await open();
    const { undo } = watch();
    const seen = await unhandledWhile(2, async () => {
      void place.client.query('SELECT * FROM nothing');
      void place.pool.query('SELECT * FROM nothing');
    });
    undo();
    await close(place);
    expect(seen).toHaveLength(2);
  });

  it('leaves pg.native alone, which is not there', () => {
    const { undo } = watch();
    expect(Object.getOwnPropertyDescriptor(pg, 'native')?.enumerable).toBe(false);
    undo();
  });
});
