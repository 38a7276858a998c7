import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createMeasure } from '../../src/core/measure.ts';
import { serviceChannels, services } from '../../src/services/index.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { watching } from './watching.ts';

const require = createRequire(import.meta.url);

describe.skipIf(!hasRedis)('services together (skipped where redis-server is not installed)', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('count both clients of Redis in one metric, and start again after they were taken back', async () => {
    const { Redis } = require('ioredis') as typeof import('ioredis');
    const { createClient } = require('redis') as typeof import('redis');
    for (let round = 0; round < 2; round++) {
      const { hub, metric, stop } = watching({ modules: services, instrumentations: serviceChannels });
      const first = new Redis({ port: server.port, host: '127.0.0.1' });
      const second = createClient({ socket: { port: server.port, host: '127.0.0.1' } });
      await second.connect();
      await first.get('a');
      await second.get('a');
      expect(
        await metric(
          'db_client_operation_duration_seconds_count{db_system_name="redis",operation="GET",collection=""}',
        ),
      ).toBe(2);
      expect(hub.guard.counts()).toEqual(new Map());
      first.disconnect();
      second.destroy();
      stop();
    }
  });

  it('leave alone what the application names', async () => {
    const { Redis } = require('ioredis') as typeof import('ioredis');
    const options = { without: ['ioredis', 'redis'] };
    const { operations, stop } = watching({ modules: services, instrumentations: serviceChannels, options });
    const client = new Redis({ port: server.port, host: '127.0.0.1' });
    await client.get('a');
    expect(operations('database')).toEqual([]);
    client.disconnect();
    stop();
  });
});

describe('an operation of the application’s own', () => {
  it('takes labels, and gives what the work gives, of the same type', async () => {
    const { hub, stop } = watching({});
    const measure = createMeasure(hub);
    const bucket = 'photos';
    const upload = measure('b2_upload', { bucket }, () => Promise.resolve({ bytes: 7 }));
    expectTypeOf(upload).toEqualTypeOf<Promise<{ bytes: number }>>();
    expectTypeOf(measure('render', {}, () => 'text', 'render')).toEqualTypeOf<string>();
    // @ts-expect-error: the values of labels are texts
    measure('b2_upload', { bucket: 7 }, () => 1);
    // @ts-expect-error: the work is a function
    expect(() => measure('b2_upload', { bucket }, Promise.resolve(1))).toThrow(TypeError);
    expect(await upload).toEqual({ bytes: 7 });
    const failing = measure('b2_upload', { bucket }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    const own = hub.recorder.kinds().find(({ kind }) => kind === 'operation');
    expect(own?.notable.map(({ labels }) => labels)).toContainEqual({ bucket: 'photos' });
    stop();
  });
});
