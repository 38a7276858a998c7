import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ioredis } from '../../src/services/redis/ioredis.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { unhandledWhile, type Watched, type Watching, watching } from './watching.ts';

const require = createRequire(import.meta.url);
const { Redis } = require('ioredis') as typeof import('ioredis');
type Client = InstanceType<typeof Redis>;

describe.skipIf(!hasRedis)('ioredis (skipped where redis-server is not installed)', () => {
  let server: RedisServer;
  let current: Watching;
  const clients: Client[] = [];

  const watch = (options: Omit<Watched, 'modules'> = {}) => {
    current = watching({ modules: [ioredis], ...options });
    return current;
  };
  const connect = (options = {}) => {
    const client = new Redis({ port: server.port, host: '127.0.0.1', ...options });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
    current.stop();
  });

  /** What an application sees of all kinds of use, in their order. */
  async function exercise(): Promise<unknown[]> {
    const seen: unknown[] = [];
    const context = new AsyncLocalStorage<string>();
    const redis = connect({ keyPrefix: 'app:' });
    await redis.flushall();
    await context.run('one', async () => {
      seen.push(await redis.set('a', '1'), await redis.get('a'), context.getStore());
      await new Promise<void>((done) => {
        redis.get('a', (error, value) => {
          seen.push(['callback', error, value, context.getStore()]);
          done();
        });
      });
    });
    const order: string[] = [];
    await Promise.all([
      redis.incr('n').then(() => order.push('incr')),
      redis.get('n').then(() => order.push('get')),
      Promise.resolve().then(() => order.push('tick')),
    ]);
    seen.push(order);
    seen.push(await redis.lpush('a', 'x').catch((error: Error) => [error.name, error.message]));
    seen.push(await redis.hgetall('none'), await redis.getBuffer('a'));
    seen.push(await redis.pipeline().set('b', '2').get('b').lpush('b', '1').exec());
    seen.push(await redis.multi().set('c', '3').get('c').exec());
    const script = redis as Client & { twice(key: string): Promise<number> };
    redis.defineCommand('twice', { numberOfKeys: 1, lua: 'return redis.call("INCRBY", KEYS[1], 2)' });
    seen.push(await script.twice('n'));
    const subscriber = connect();
    seen.push(await subscriber.subscribe('news', 'more'));
    const message = once(subscriber, 'message');
    await redis.publish('news', 'hello');
    seen.push(await message);
    seen.push(subscriber.listenerCount('error'), subscriber.listenerCount('message'));
    seen.push(Redis.prototype.sendCommand.name, Redis.prototype.sendCommand.length);
    return JSON.parse(JSON.stringify(seen));
  }

  it('is as without the library, also when every part of that fails', async () => {
    watch({ options: { enabled: false } });
    const plain = await exercise();
    current.stop();
    const watched = watch();
    expect(await exercise()).toEqual(plain);
    expect(watched.hub.guard.counts()).toEqual(new Map());
    watched.stop();
    const broken = watch({ broken: true });
    expect(await exercise()).toEqual(plain);
    expect([...broken.places].sort()).toEqual(expect.arrayContaining(['ioredis.send', 'ioredis.event']));
    expect(broken.hub.guard.counts().get('ioredis.send')).toBeGreaterThan(10);
  });

  it('has each command by its name and never by its key, with its server, its trace, and its error', async () => {
    const { hub, operations, spans, metric } = watch();
    const redis = connect();
    await redis.set('secret-key', 'x');
    await redis.lpush('secret-key', 'y').catch(() => {});
    const outer = hub.tracer.start('GET /', 'server');
    await hub.tracer.run(outer, () => redis.pipeline().get('secret-key').call('GeT', 'secret-key').exec());
    expect(operations('database')).toEqual(['SET', 'LPUSH!', 'GET', 'GET']);
    expect(
      JSON.stringify([spans.map((span) => [...span.attributes, span.message]), hub.recorder.kinds()]),
    ).not.toContain('secret-key');
    const [set, lpush, get] = spans;
    expect(Object.fromEntries(set!.attributes)).toEqual({
      'db.system.name': 'redis',
      'db.operation.name': 'SET',
      'db.query.summary': 'SET',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'db.namespace': '0',
    });
    expect(lpush).toMatchObject({ failed: true, kind: 'client' });
    expect(lpush?.attributes.get('db.response.status_code')).toBe('WRONGTYPE');
    expect(get).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId });
    const labels = '{db_system_name="redis",operation="GET",collection=""}';
    expect(await metric(`db_client_operation_duration_seconds_count${labels}`)).toBe(2);
    const error = '{db_system_name="redis",operation="LPUSH",class="WRONGTYPE",code="WRONGTYPE"}';
    expect(await metric(`db_client_operation_errors_total${error}`)).toBe(1);
  });

  it('lets a rejection that nobody handles be one, once', async () => {
    watch();
    const redis = connect();
    await redis.set('a', '1');
    const reasons = await unhandledWhile(1, async () => {
      void redis.lpush('a', 'x');
      await redis.get('a');
    });
    expect(reasons.map(String)).toEqual([expect.stringContaining('WRONGTYPE')]);
  });

  it('counts what waits for others apart, so that it is not among the slow ones', async () => {
    const { operations } = watch();
    const redis = connect();
    expect(await redis.blpop('empty', 0.05)).toBeNull();
    expect(await redis.xread('BLOCK', 20, 'STREAMS', 's', '$')).toBeNull();
    expect(operations('wait')).toEqual(['BLPOP', 'XREAD']);
    expect(operations('database')).toEqual([]);
  });

  it('measures a command over a reconnect once, with the wait, and counts messages and reconnects', async () => {
    const { operations, metric } = watch();
    const redis = connect({ retryStrategy: () => 50 });
    redis.on('error', () => {});
    const subscriber = connect({ retryStrategy: () => 50 });
    subscriber.on('error', () => {});
    await subscriber.subscribe('news');
    await redis.set('a', '1');
    await server.kill();
    const late = redis.get('a');
    const failed = () => metric('redis_client_connection_errors_total{client="ioredis"}');
    await expect.poll(failed, { timeout: 20_000 }).toBeGreaterThan(0);
    await server.restart();
    expect(await late).toBeNull();
    await expect.poll(() => redis.publish('news', 'x'), { timeout: 20_000 }).toBeGreaterThan(0);
    expect(operations('database').filter((name) => name === 'GET')).toHaveLength(1);
    await expect.poll(() => metric('redis_client_reconnects_total{client="ioredis"}'), { timeout: 20_000 }).toBe(2);
    const received = () => metric('redis_client_messages_received_total{client="ioredis"}');
    await expect.poll(received, { timeout: 20_000 }).toBeGreaterThan(0);
  });

  it('is found by import as by require, and left as it was at the end', async () => {
    const { operations, stop } = watch();
    const imported = await import('ioredis');
    const client = new imported.Redis({ port: server.port, host: '127.0.0.1' });
    clients.push(client as unknown as Client);
    await client.ping();
    expect(operations('database')).toEqual(['PING']);
    stop();
    await client.ping();
    expect(operations('database')).toEqual(['PING']);
  });
});
