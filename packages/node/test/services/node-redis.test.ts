import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeRedis } from '../../src/services/redis/node-redis.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { unhandledWhile, type Watched, type Watching, watching } from './watching.ts';

const { createClient } = createRequire(import.meta.url)('redis') as typeof import('redis');

describe.skipIf(!hasRedis)('redis (skipped where redis-server is not installed)', () => {
  let server: RedisServer;
  let current: Watching;
  const destroy: (() => void)[] = [];

  const watch = (options: Omit<Watched, 'instrumentations'> = {}) => {
    current = watching({ instrumentations: [nodeRedis], ...options });
    return current;
  };
  const connect = async () => {
    const client = createClient({
      socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: () => 50 },
    });
    client.on('error', () => {});
    await client.connect();
    destroy.push(() => client.destroy());
    return client;
  };

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(() => {
    for (const one of destroy.splice(0)) one();
    current.stop();
  });

  async function exercise(): Promise<unknown[]> {
    const seen: unknown[] = [];
    const context = new AsyncLocalStorage<string>();
    const redis = await connect();
    await redis.flushAll();
    await context.run('one', async () => {
      seen.push(await redis.set('a', '1'), await redis.get('a'), context.getStore());
    });
    seen.push(await redis.lPush('a', 'x').catch((error: Error) => [error.constructor.name, error.message]));
    seen.push(await redis.sendCommand(['NOSUCH']).catch((error: Error) => [error.constructor.name, error.message]));
    seen.push(await redis.hGetAll('none'));
    seen.push(await redis.multi().set('c', '3').get('c').exec());
    seen.push(await redis.multi().set('c', '3').get('c').execAsPipeline());
    seen.push(
      await redis
        .multi()
        .lPush('c', '3')
        .exec()
        .catch((error: Error) => [error.constructor.name, error.message]),
    );
    const subscriber = await connect();
    let heard = (_: unknown): void => {};
    const message = new Promise((resolve) => {
      heard = resolve;
    });
    await subscriber.subscribe('news', (...args) => heard(args));
    seen.push(await redis.publish('news', 'hello'), await message, redis.listenerCount('error'));
    subscriber.destroy();
    destroy.pop();
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
    expect(broken.hub.guard.counts().get('node-redis.command.start')).toBeGreaterThan(8);
  });

  it('has each command by its name and never by its key, with its server, its trace, and its error', async () => {
    const { hub, operations, spans, metric } = watch();
    const redis = await connect();
    spans.splice(0);
    const before = operations('database').length;
    await redis.set('secret-key', 'x');
    await redis.lPush('secret-key', 'y').catch(() => {});
    const outer = hub.tracer.start('GET /', 'server');
    await hub.tracer.run(outer, () => redis.multi().get('secret-key').get('secret-key').execAsPipeline());
    await redis.multi().get('secret-key').get('secret-key').exec();
    expect(await redis.blPop('empty', 0.05)).toBeNull();
    expect(operations('wait')).toEqual(['BLPOP']);
    expect(operations('database').slice(before)).toEqual(['SET', 'LPUSH!', 'GET', 'GET', 'MULTI']);
    expect(
      JSON.stringify([spans.map((span) => [...span.attributes, span.message]), hub.recorder.kinds()]),
    ).not.toContain('secret-key');
    const [set, lpush, get, , multi] = spans;
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
    expect(multi?.attributes.get('db.operation.batch.size')).toBe(2);
    const labels = '{db_system_name="redis",operation="GET",collection=""}';
    expect(await metric(`db_client_operation_duration_seconds_count${labels}`)).toBe(2);
    const error = '{db_system_name="redis",operation="LPUSH",class="WRONGTYPE",code="WRONGTYPE"}';
    expect(await metric(`db_client_operation_errors_total${error}`)).toBe(1);
  });

  it('lets a rejection that nobody handles be one, once', async () => {
    const reasons = async () => {
      const redis = await connect();
      await redis.set('a', '1');
      return unhandledWhile(2, async () => {
        void redis.lPush('a', 'x');
        void redis.sendCommand(['NOSUCH']);
        await redis.get('a');
      });
    };
    watch({ options: { enabled: false } });
    const plain = (await reasons()).map(String);
    current.stop();
    watch();
    expect((await reasons()).map(String)).toEqual(plain);
    expect(plain).toHaveLength(2);
  });

  it('counts messages, reconnects and errors of connections, and what is asked of a closed client', async () => {
    const { operations, metric } = watch();
    const redis = await connect();
    const subscriber = await connect();
    await subscriber.subscribe('news', () => {});
    await server.kill();
    const failed = () => metric('redis_client_connection_errors_total{client="redis"}');
    await expect.poll(failed, { timeout: 20_000 }).toBeGreaterThan(0);
    await server.restart();
    await redis.get('a');
    await expect.poll(() => redis.publish('news', 'x'), { timeout: 20_000 }).toBeGreaterThan(0);
    await expect.poll(() => metric('redis_client_reconnects_total{client="redis"}'), { timeout: 20_000 }).toBe(2);
    const received = () => metric('redis_client_messages_received_total{client="redis"}');
    await expect.poll(received, { timeout: 20_000 }).toBeGreaterThan(0);
    redis.destroy();
    destroy.splice(0, 1);
    await expect(redis.get('a')).rejects.toThrow('closed');
    expect(operations('database').at(-1)).toBe('GET!');
    const error = '{db_system_name="redis",operation="GET",class="ClientClosedError",code="ClientClosedError"}';
    expect(await metric(`db_client_operation_errors_total${error}`)).toBe(1);
  });
});
