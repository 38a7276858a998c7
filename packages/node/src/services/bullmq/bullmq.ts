import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { following } from '../../core/settled.ts';
import { prototypeOf, together, wrapMethod } from '../../core/wrap.ts';
import { watchEvents } from '../../http/emit.ts';
import { type Backend, QueueWatch } from './queue-watch.ts';
import { type Job, type Worker, WorkerWatch } from './worker-watch.ts';

export const bullmq: ModuleInstrumentation = {
  module: 'bullmq',
  patch(exports, hub) {
    const worker = prototypeOf(exports, 'Worker');
    const backend = prototypeOf(exports, 'RedisQueueBackend');
    return together([...(worker ? watchWorkers(worker, hub) : []), ...(backend ? [watchAdding(backend, hub)] : [])]);
  },
};

/** The processor may give a thenable that begins when it is asked, so that its end is what the worker does next. */
function watchWorkers(prototype: object, hub: Hub): (() => void)[] {
  const { guard, tracer } = hub;
  const watch = new WorkerWatch(hub);
  const stalled = (worker: object) => guard.run('bullmq.stalled', () => watch.stalled(worker as Worker), undefined);
  return [
    wrapMethod(
      prototype,
      'callProcessJob',
      (original) =>
        function callProcessJob(...args) {
          const span = guard.run('bullmq.start', () => watch.start(this as Worker, args[0] as Job), undefined);
          return span ? tracer.run(span, () => original.apply(this, args)) : original.apply(this, args);
        },
    ),
    wrapMethod(
      prototype,
      'handleCompleted',
      (original) =>
        function handleCompleted(...args) {
          guard.run('bullmq.completed', () => watch.completed(this as Worker, args[1] as Job), undefined);
          return original.apply(this, args);
        },
    ),
    wrapMethod(
      prototype,
      'handleFailed',
      (original) =>
        function handleFailed(...args) {
          guard.run('bullmq.failed', () => watch.failed(this as Worker, args[1] as Job, args[0]), undefined);
          return original.apply(this, args);
        },
    ),
    watchEvents(prototype, { types: new Set(['stalled']), before: stalled }),
  ];
}

function watchAdding(prototype: object, hub: Hub): () => void {
  const { guard } = hub;
  const watch = new QueueWatch(hub);
  return wrapMethod(
    prototype,
    'addJobToTransaction',
    (original) =>
      function addJobToTransaction(...args) {
        const [client, job, id, parents, keys] = args;
        const adding = guard.run(
          'bullmq.add',
          () => watch.start(this as Backend, job as never, keys as never),
          undefined,
        );
        if (!adding) return original.apply(this, args);
        const result = original.apply(this, [client, adding.job, id, parents, ...args.slice(4)]);
        if (!(result instanceof Promise)) return result;
        const end = (failed: boolean, error?: unknown) =>
          guard.run('bullmq.added', () => watch.end(adding, failed, error), undefined);
        return following(result, { resolved: () => end(false), rejected: (error) => end(true, error) });
      },
  );
}
