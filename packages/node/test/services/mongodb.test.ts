import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mongodb } from '../../src/services/mongodb/mongodb.ts';
import { shapeOf } from '../../src/services/mongodb/shape.ts';
import { type MongoServer, startMongo } from './mongo-server.ts';
import { unhandledWhile, type Watched, type Watching, watching } from './watching.ts';

const { MongoClient, ObjectId } = createRequire(import.meta.url)('mongodb') as typeof import('mongodb');
type Client = InstanceType<typeof MongoClient>;

interface Person {
  _id: number;
  name: string;
}

describe('mongodb (against a server of our own: Debian has none)', () => {
  let server: MongoServer;
  let current: Watching;
  const clients: Client[] = [];

  const watch = (options: Omit<Watched, 'modules'> = {}) => {
    current = watching({ modules: [mongodb], ...options });
    return current;
  };
  const connect = (options = {}) => {
    const client = new MongoClient(`mongodb://127.0.0.1:${server.port}`, options);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startMongo();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    current.stop();
  });

  async function exercise(collection: string): Promise<unknown[]> {
    const seen: unknown[] = [];
    const heard: string[] = [];
    const context = new AsyncLocalStorage<string>();
    const client = connect();
    client.on('commandStarted', (event) => heard.push(event.commandName));
    const people = client.db('app').collection<Person>(collection);
    const documents = Array.from({ length: 5 }, (_, i) => ({ _id: i, name: `n${i % 2}` }));
    seen.push(await people.insertMany(documents));
    await context.run('one', async () => {
      seen.push(await people.findOne({ _id: 3 }), context.getStore());
      for await (const one of people.find({ name: 'n0' }, { batchSize: 2 })) seen.push(one, context.getStore());
    });
    seen.push(await people.aggregate([{ $match: { name: 'n1' } }]).toArray());
    const told = (error: Error & { code?: unknown }) => [error.constructor.name, error.code];
    seen.push(await people.insertOne({ _id: 1, name: 'again' }).catch(told));
    seen.push(
      await people
        .find({ $bad: 1 } as never)
        .toArray()
        .catch(told),
    );
    seen.push(await client.db('app').command({ nosuch: 1 }).catch(told));
    const own = await connect({ monitorCommands: true }).connect();
    own.on('commandSucceeded', (event) => heard.push(event.commandName));
    await own.db('app').command({ ping: 1 });
    seen.push(heard, client.options.monitorCommands, client.eventNames(), client.listenerCount('commandStarted'));
    return JSON.parse(JSON.stringify(seen).replaceAll(collection, 'COLLECTION'));
  }

  it('is as without the library, also when every part of that fails', async () => {
    watch({ options: { enabled: false } });
    const plain = await exercise('first');
    expect(plain).toHaveLength(17);
    current.stop();
    const watched = watch();
    expect(await exercise('second')).toEqual(plain);
    expect(watched.hub.guard.counts()).toEqual(new Map());
    watched.stop();
    const broken = watch({ broken: true });
    expect(await exercise('third')).toEqual(plain);
    expect(broken.hub.guard.counts().get('mongodb.start')).toBeGreaterThan(6);
  });

  it('has each command by its name and collection, with its shape, its server and its error', async () => {
    const { hub, operations, spans, metric } = watch();
    const people = connect().db('app').collection<Person>('people');
    await people.insertMany([
      { _id: 1, name: 'secret-value' },
      { _id: 2, name: 'secret-value' },
      { _id: 3, name: 'secret-value' },
    ]);
    const outer = hub.tracer.start('GET /', 'server');
    await hub.tracer.run(outer, () => people.find({ name: 'secret-value' }, { batchSize: 2 }).toArray());
    await people.insertOne({ _id: 1, name: 'x' }).catch(() => {});
    await people
      .find({ $bad: 'secret-value' } as never)
      .toArray()
      .catch(() => {});
    expect(operations('database')).toEqual([
      'insert people',
      'find people',
      'getMore people',
      'insert people!',
      'find people!',
    ]);
    const [insert, find, more, twice, bad] = spans;
    expect(Object.fromEntries(find!.attributes)).toEqual({
      'db.system.name': 'mongodb',
      'db.operation.name': 'find',
      'db.collection.name': 'people',
      'db.namespace': 'app',
      'db.query.summary': 'find people',
      'db.query.text': 'find people {filter: {name: ?}, batchSize: ?}',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
    expect(insert?.attributes.get('db.query.text')).toContain('documents: ?');
    expect([find, more].map((span) => span?.parentSpanId)).toEqual([outer.spanId, outer.spanId]);
    expect(twice?.attributes.get('db.response.status_code')).toBe('11000');
    expect(bad?.attributes.get('db.response.status_code')).toBe('BadValue');
    expect(JSON.stringify([spans.map((span) => [...span.attributes]), hub.recorder.kinds()])).not.toContain(
      'secret-value',
    );
    const labels = '{db_system_name="mongodb",operation="find",collection="people"}';
    expect(await metric(`db_client_operation_duration_seconds_count${labels}`)).toBe(2);
    const error = '{db_system_name="mongodb",operation="insert",class="11000",code="11000"}';
    expect(await metric(`db_client_operation_errors_total${error}`)).toBe(1);
  });

  it('lets a rejection that nobody handles be one, once', async () => {
    watch();
    const people = connect().db('app').collection('people');
    await people.findOne({});
    const reasons = await unhandledWhile(1, async () => {
      void people.findOne({ $bad: 1 });
      await people.findOne({});
    });
    expect(reasons.map(String)).toEqual([expect.stringContaining('unknown top level operator')]);
  });

  it('shows shapes of commands, bounded, without a value of any kind', () => {
    watch();
    const filter = {
      _id: new ObjectId(),
      tags: { $in: ['a', 'b'] },
      at: { $gt: new Date() },
      $or: [{ a: 1 }, { b: /x/ }],
    };
    expect(shapeOf('find', { find: 'people', filter, lsid: {}, $db: 'app' })).toBe(
      'find people {filter: {_id: ?, tags: {$in: [?]}, at: {$gt: ?}, $or: [{a: ?}, {b: ?}]}}',
    );
    const pipeline = [{ $match: { a: 1 } }, { $group: { _id: '$secret', n: { $sum: 1 } } }];
    expect(shapeOf('aggregate', { aggregate: 'people', pipeline, cursor: {} })).toBe(
      'aggregate people {pipeline: [{$match: {a: ?}}, {$group: {_id: ?, n: {$sum: ?}}}]}',
    );
    const circular: Record<string, unknown> = {};
    circular.again = circular;
    expect(shapeOf('find', { find: 'people', filter: circular })).toContain('{…}');
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, i]));
    expect(shapeOf('find', { find: 'people', filter: wide })).toHaveLength(2000);
    expect(shapeOf('ping', { ping: 1 })).toBe('ping');
  });
});
