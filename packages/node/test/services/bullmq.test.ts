import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bullmq } from '../../src/services/bullmq/bullmq.ts';
import { ioredis } from '../../src/services/redis/ioredis.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { type Watched, type Watching, watching } from './watching.ts';

const { Queue, Worker, FlowProducer, UnrecoverableError } = createRequire(import.meta.url)(
  'bullmq',
) as typeof import('bullmq');
type Processor = ConstructorParameters<typeof Worker>[1];

describe.skipIf(!hasRedis)('bullmq (skipped where redis-server is not installed)', () => {
  let server: RedisServer;
  let current: Watching;
  const open: { close(): Promise<unknown> }[] = [];

  const watch = (options: Omit<Watched, 'modules'> = {}) => {
    current = watching({ modules: [bullmq], ...options });
    return current;
  };
  const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
    open.push(one);
    return one;
  };
  const connection = () => ({ host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null });
  const queueOf = (name: string) => keep(new Queue(name, { connection: connection() }));
  const workerOf = (name: string, processor: Processor, options = {}) =>
    keep(new Worker(name, processor, { connection: connection(), ...options }));
  const ended = (worker: ReturnType<typeof workerOf>, count: number) =>
    new Promise<void>((done) => {
      let left = count;
      const one = () => void (--left === 0 && done());
      worker.on('completed', one);
      worker.on('failed', one);
    });

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    current.stop();
  });

  async function exercise(name: string): Promise<unknown[]> {
    const seen: unknown[] = [];
    const context = new AsyncLocalStorage<string>();
    const queue = queueOf(name);
    const first = await context.run('adding', () => queue.add('send', { to: 'a' }, { attempts: 2 }));
    seen.push(first.opts, first.data, first.id, Object.keys(first.asJSON()));
    const many = await queue.addBulk([
      { name: 'send', data: 1 },
      { name: 'fail', data: 2, opts: { attempts: 2 } },
      { name: 'builder', data: 3 },
    ]);
    seen.push(many.map(({ id, opts }) => [id, opts]));
    let begun = 0;
    const worker = context.run('worker', () =>
      workerOf(name, (job) => {
        seen.push(['run', job.name, job.data, job.attemptsMade, context.getStore()]);
        if (job.name === 'fail') throw new TypeError('no such thing');
        if (job.name === 'builder') {
          // biome-ignore lint/suspicious/noThenProperty: as query builders have it
          return { then: (done: (value: string) => void) => done(`begun ${++begun}`) } as never;
        }
        return Promise.resolve({ sent: job.data });
      }),
    );
    worker.on('completed', (job, result) => seen.push(['completed', job.name, result]));
    worker.on('failed', (job, error) => seen.push(['failed', job?.name, error.message, job?.attemptsMade]));
    await ended(worker, 5);
    seen.push(worker.eventNames(), worker.listenerCount('stalled'), await queue.getJobCounts());
    return JSON.parse(JSON.stringify(seen).replaceAll(name, 'QUEUE'));
  }

  it('is as without the library, also when every part of that fails', async () => {
    watch({ options: { enabled: false } });
    const plain = await exercise('plain');
    expect(JSON.stringify(plain)).toContain('begun 1');
    current.stop();
    const watched = watch();
    expect(await exercise('watched')).toEqual(plain);
    expect(watched.hub.guard.counts()).toEqual(new Map());
    watched.stop();
    const broken = watch({ broken: true });
    expect(await exercise('broken')).toEqual(plain);
    expect(broken.hub.guard.counts().get('bullmq.start')).toBe(5);
    expect(broken.hub.guard.counts().get('bullmq.add')).toBe(4);
  });

  it('counts jobs that are added, wait, are done, are tried again and fail, by queue and name', async () => {
    const { operations, metric } = watch();
    const queue = queueOf('mail');
    const worker = workerOf('mail', async (job) => {
      if (job.name === 'retry' && job.attemptsMade === 0) throw new Error('once');
      if (job.name === 'never') throw new UnrecoverableError('never');
    });
    const all = ended(worker, 4);
    await queue.add('send', {}, { delay: 3000 });
    await queue.add('retry', {}, { attempts: 3 });
    await queue.add('never', {}, { attempts: 3 });
    await all;
    expect([...operations('job')].sort()).toEqual(['mail never!', 'mail retry', 'mail retry!', 'mail send']);
    const took = (job: string, outcome: string) =>
      metric(`job_duration_seconds_count{queue="mail",job="${job}",outcome="${outcome}"}`);
    expect(await took('send', 'completed')).toBe(1);
    expect([await took('retry', 'retried'), await took('retry', 'completed')]).toEqual([1, 1]);
    expect(await took('never', 'failed')).toBe(1);
    expect(await metric('jobs_added_total{queue="mail",job="send",outcome="ok"}')).toBe(1);
    expect(await metric('job_attempts_total{queue="mail",job="retry",attempt="2"}')).toBe(1);
    expect(await metric('job_waiting_seconds_count{queue="mail",job="send"}')).toBe(1);
    // The delay is wanted, and no waiting.
    expect(await metric('job_waiting_seconds_sum{queue="mail",job="send"}')).toBeLessThan(2.9);
  });

  it('carries the trace from who adds a job to who does it, without a change in the job that is given back', async () => {
    const { hub, spans } = watch();
    const queue = queueOf('traced');
    const outer = hub.tracer.start('GET /', 'server');
    const job = await hub.tracer.run(outer, () => queue.add('send', {}));
    expect(job.opts.telemetry).toBeUndefined();
    const idle = hub.tracer.start('start-up', 'internal');
    let inside: string | undefined;
    const worker = hub.tracer.run(idle, () =>
      workerOf('traced', async (one) => {
        if (one.name === 'send') inside = hub.tracer.active()?.traceId;
      }),
    );
    const both = ended(worker, 2);
    await queue.add('apart', {}, { telemetry: { omitContext: true } });
    await both;
    const add = spans.find(({ name }) => name === 'add traced');
    const process = spans.find(({ name, traceId }) => name === 'process traced' && traceId === outer.traceId);
    expect(add).toMatchObject({ kind: 'producer', parentSpanId: outer.spanId });
    expect(process).toMatchObject({ kind: 'consumer', parentSpanId: add?.spanId });
    expect(inside).toBe(outer.traceId);
    expect(Object.fromEntries(process!.attributes)).toMatchObject({
      'messaging.system': 'bullmq',
      'messaging.destination.name': 'traced',
      'messaging.message.id': job.id,
      'bullmq.job.outcome': 'completed',
    });
    const apart = spans.filter(({ name }) => name === 'process traced').find((span) => span !== process);
    expect(apart).toMatchObject({ parentSpanId: '' });
    expect([idle.traceId, outer.traceId]).not.toContain(apart?.traceId);
  });

  it('counts the jobs of a tree in their own queues', async () => {
    const { metric } = watch();
    const flow = keep(new FlowProducer({ connection: connection() }));
    await flow.add({ name: 'album', queueName: 'parents', children: [{ name: 'photo', queueName: 'children' }] });
    expect(await metric('jobs_added_total{queue="parents",job="album",outcome="ok"}')).toBe(1);
    expect(await metric('jobs_added_total{queue="children",job="photo",outcome="ok"}')).toBe(1);
  });

  it('counts stalled jobs, and keeps the waiting of workers from the slow commands', async () => {
    current = watching({ modules: [bullmq, ioredis] });
    const { metric, operations } = current;
    await queueOf('stalled').add('lost', {});
    const dying = workerOf('stalled', null as never, { lockDuration: 100, skipLockRenewal: true, autorun: false });
    expect((await dying.getNextJob('token'))?.name).toBe('lost');
    const worker = workerOf('stalled', async () => {}, { stalledInterval: 150, maxStalledCount: 1 });
    await ended(worker, 1);
    expect(await metric('jobs_stalled_total{queue="stalled"}')).toBe(1);
    expect(operations('job')).toEqual(['stalled lost']);
    expect(operations('database')).not.toContain('BZPOPMIN');
  });
});
