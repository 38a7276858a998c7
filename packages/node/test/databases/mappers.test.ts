/** Knex, Drizzle and Prisma: their queries are seen in the drivers below, once. */
import { createRequire } from 'node:module';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleLibsql } from 'drizzle-orm/libsql';
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres';
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import type * as Pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Started, start } from '../../src/core/start.ts';
import { databases } from '../../src/databases/index.ts';
import { hookModules, type ModuleHooks } from '../../src/modules/hooks.ts';
import { countsOf } from './compare.ts';
import { postgresPrograms, startPostgres } from './servers/postgres.ts';
import type { Server } from './servers/process.ts';

const require = createRequire(import.meta.url);
const pg = require('pg') as typeof Pg;
const { knex } = require('knex') as { knex: (config: Knex.Config) => Knex };
const { PrismaPg } = require('@prisma/adapter-pg') as {
  PrismaPg: new (settings: object) => { connect(): Promise<Adapter> };
};

interface SqlQuery {
  readonly sql: string;
  readonly args: readonly unknown[];
  readonly argTypes: readonly unknown[];
}

/** What Prisma's client asks of its driver (@prisma/driver-adapter-utils). */
interface Queryable {
  queryRaw(query: SqlQuery): Promise<{ readonly rows: readonly unknown[] }>;
  executeRaw(query: SqlQuery): Promise<number>;
}

interface Adapter extends Queryable {
  startTransaction(): Promise<Queryable & { commit(): Promise<void> }>;
  dispose(): Promise<void>;
}

const users = pgTable('users', { id: serial('id').primaryKey(), name: text('name'), age: integer('age') });

let hub: Started;
let hooks: ModuleHooks;

function watch(): Started {
  hub = start({ options: {}, environment: {}, instrumentations: [], say: () => {} });
  hooks = hookModules(hub, databases);
  return hub;
}

afterEach(() => hooks?.undo());

describe.skipIf(!postgresPrograms)('on PostgreSQL', () => {
  let server: Server;
  let settings: Pg.ClientConfig;

  beforeAll(async () => {
    server = await startPostgres(async (port) => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.query('CREATE TABLE users (id serial PRIMARY KEY, name text, age int)');
      await client.end();
    });
    settings = { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' };
  });
  afterAll(() => server?.stop());

  it('knex is counted once, begins when it is asked, and has a pool', async () => {
    watch();
    const db = knex({ client: 'pg', connection: { ...settings } as object, pool: { min: 0, max: 2 } });
    const built = db('users').where({ id: 1 });
    expect(await db('users').insert({ name: 'a' }).returning('name')).toEqual([{ name: 'a' }]);
    expect(await built).toHaveLength(1);
    await db.transaction((transaction) => transaction('users').update({ age: 5 }));
    await expect(db('nothing')).rejects.toThrow('does not exist');
    const metrics = await hub.meters.registry.metrics();
    await db.destroy();
    const { SELECT: versions = 0, ...counts } = countsOf(hub);
    // Of each new connection knex asks the version.
    expect(versions).toBeLessThanOrEqual(2);
    expect(counts).toEqual({
      'INSERT users': 1,
      'SELECT users': 1,
      BEGIN: 1,
      'UPDATE users': 1,
      COMMIT: 1,
      'SELECT nothing': 1,
    });
    expect(metrics).toContain(`db_client_connections_usage{pool="127.0.0.1:${server.port}/postgres",state="idle"} 1`);
  });

  it('drizzle is counted once', async () => {
    watch();
    const pool = new pg.Pool(settings);
    const db = drizzlePg(pool);
    await db.insert(users).values([{ name: 'b' }, { name: 'c' }]);
    expect((await db.select().from(users)).length).toBeGreaterThan(1);
    await db.transaction((inner) => inner.update(users).set({ age: 6 }));
    await pool.end();
    expect(countsOf(hub)).toEqual({ 'INSERT users': 1, 'SELECT users': 1, 'UPDATE users': 1, BEGIN: 1, COMMIT: 1 });
    expect(hub.recorder.kinds()[0]!.total.failed).toBe(0);
  });

  it('the adapter of Prisma is counted once', async () => {
    watch();
    const adapter = await new PrismaPg(settings).connect();
    const query = { sql: 'SELECT "public"."users"."id" FROM "public"."users" WHERE 1=1', args: [], argTypes: [] };
    expect((await adapter.queryRaw(query)).rows.length).toBeGreaterThan(0);
    const transaction = await adapter.startTransaction();
    await transaction.executeRaw({ ...query, sql: 'UPDATE "public"."users" SET "age" = 7' });
    await transaction.commit();
    await adapter.dispose();
    const counts = countsOf(hub);
    expect(counts).toMatchObject({ 'SELECT public.users': 1, 'UPDATE public.users': 1, BEGIN: 1 });
  });

  it('one that came by import is the same as one that came by require', async () => {
    watch();
    const imported = await import('pg');
    const client = new imported.default.Client(settings);
    await client.connect();
    await client.query('SELECT * FROM users');
    await client.end();
    expect(countsOf(hub)).toEqual({ 'SELECT users': 1 });
    hooks.undo();
    const after = new pg.Client(settings);
    await after.connect();
    await after.query('SELECT * FROM users');
    await after.end();
    expect(countsOf(hub)).toEqual({ 'SELECT users': 1 });
  });
});

describe('on a file', () => {
  it('@libsql/client and drizzle over it are counted once, in libsql', async () => {
    watch();
    const { createClient } = await import('@libsql/client');
    const client = createClient({ url: 'file::memory:' });
    await client.execute('CREATE TABLE users (id integer PRIMARY KEY, name text)');
    await client.batch(["INSERT INTO users(name) VALUES ('a')", "INSERT INTO users(name) VALUES ('b')"]);
    await expect(client.execute('SELECT * FROM absent')).rejects.toThrow('no such table');
    expect((await client.execute('SELECT * FROM users')).rows).toHaveLength(2);
    expect(await drizzleLibsql(client).all(sql`SELECT name FROM users`)).toHaveLength(2);
    client.close();
    expect(countsOf(hub)).toMatchObject({
      'CREATE TABLE users': 1,
      'INSERT users': 2,
      'SELECT users': 2,
      'SELECT absent': 1,
    });
  });
});
