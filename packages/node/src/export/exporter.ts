/** Pushes metrics, spans and logs to `settings.endpoint`, in the background and with bounded memory. */
import type { Started } from '../core/start.ts';
import type { LogRecord } from '../logs/record.ts';
import { encodeLogs } from './encode-logs.ts';
import { encodeMetrics } from './encode-metrics.ts';
import { encodeSpans, sizeOfSpan } from './encode-spans.ts';
import { onExit } from './exit.ts';
import type { Family } from './families.ts';
import { type Batch, Pipeline, type PipelineState, type Source } from './pipeline.ts';
import { BoundedQueue } from './queue.ts';
import { resourceOf, scope } from './resource.ts';
import { createSender, type Signal } from './sender.ts';

export interface SignalStatus extends PipelineState {
  readonly signal: Signal;
  /** Spans or records that wait. */
  readonly waiting: number;
  /** By reason: `queue`, `stale`, `away`, `refused`, `rejected`, `error`. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface Exporter {
  /** Everything there is, now. Never rejects. */
  flush(): Promise<void>;
  /** One last push, of at most a second. Idempotent, never rejects. */
  close(): Promise<void>;
  status(): readonly SignalStatus[];
}

const BATCH = 512;
/** Characters; twice that in bytes where they are not Latin. */
const MOST_WAITING = 8 * 1024 * 1024;
const LAST_PUSH_MS = 900;
const COLLECT_MS = 2000;

/** Undefined where nothing is to be pushed. `say` is told once when the receiver is away. */
export function createExporter(started: Started, say: (message: string) => void): Exporter | undefined {
  const { settings, guard } = started;
  if (!settings.enabled || settings.endpoint === '') return undefined;
  return guard.run('export.start', () => run(started, say), undefined);
}

function run(started: Started, say: (message: string) => void): Exporter {
  const { settings, guard, meters } = started;
  const { exportQueue, exportInterval, endpoint } = settings;
  const resource = resourceOf(settings);
  const sender = createSender(settings);
  const drops = countDrops(started);
  let wasSaid = false;
  const away = (reason: string) => {
    if (wasSaid) return;
    wasSaid = true;
    guard.run(
      'export.say',
      () => say(`@nightshift/node: ${endpoint} does not take what is pushed: ${reason}. Said once; it is tried again.`),
      undefined,
    );
  };

  const pipelineOf = (source: Source) =>
    new Pipeline({
      source,
      sender,
      dropped: (reason, count) => drops.add(source.signal, reason, count),
      away,
      now: () => performance.now(),
      random: Math.random,
    });
  const queued = <T>(signal: Signal, sizeOf: (item: T) => number, encode: (items: T[]) => Uint8Array) => {
    const queue = new BoundedQueue(exportQueue, MOST_WAITING, sizeOf, (count) => drops.add(signal, 'queue', count));
    /** What was there when the push began: what comes meanwhile waits for more of its kind, not for an answer alone. */
    let due = 0;
    const next = (first: boolean) => {
      if (first) due = queue.length;
      const items = due > 0 ? queue.take(BATCH) : [];
      due -= items.length;
      return batchOf(items, encode);
    };
    const pipeline = pipelineOf({ signal, fresh: false, next });
    const early = Math.min(BATCH, Math.ceil(exportQueue / 2));
    let isAsked = false;
    const add = (item: T) => {
      queue.add(item);
      if (isAsked || (queue.length < early && queue.size < MOST_WAITING / 2)) return;
      isAsked = true;
      // Not in the middle of what the application is doing.
      setImmediate(() => {
        isAsked = false;
        void pipeline.push();
      });
    };
    return { add, pipeline, waiting: () => queue.length };
  };

  const spans = queued('traces', sizeOfSpan, (items) => encodeSpans(items, resource, scope));
  started.onSpan((span) => guard.run('export.span', () => spans.add(span), undefined));
  const logs = settings.logs
    ? queued(
        'logs',
        ({ size }: LogRecord) => size,
        (items) => encodeLogs(items, resource, scope, guard),
      )
    : undefined;
  if (logs) started.onLog((record) => guard.run('export.log', () => logs.add(record), undefined));
  const start = Date.now();
  const collect = async () => {
    const families = (await within(meters.registry.getMetricsAsJSON(), COLLECT_MS)) as unknown as Family[];
    return encodeMetrics(families, { start, time: Date.now() }, resource, scope);
  };
  const metrics = pipelineOf(metricsSource(collect));

  const pipelines = [metrics, spans.pipeline, ...(logs ? [logs.pipeline] : [])];
  const flush = () => Promise.all(pipelines.map((pipeline) => pipeline.flush()));
  const timer = setInterval(() => {
    for (const pipeline of pipelines) void pipeline.push();
  }, exportInterval).unref();
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      clearInterval(timer);
      unwatch();
      sender.hold();
      await within(Promise.all(pipelines.map((pipeline) => pipeline.last())), LAST_PUSH_MS).catch(() => sender.abort());
      sender.close();
    })();
    return closed;
  };
  const unwatch = onExit(guard, {
    push: () => void flush(),
    pushBounded: () => within(flush(), LAST_PUSH_MS).catch(() => undefined),
    close,
  });
  return {
    flush: async () => void (await flush()),
    close,
    status: () => [
      { signal: 'metrics', waiting: 0, dropped: drops.of('metrics'), ...metrics.state },
      { signal: 'traces', waiting: spans.waiting(), dropped: drops.of('traces'), ...spans.pipeline.state },
      ...(logs
        ? [{ signal: 'logs' as const, waiting: logs.waiting(), dropped: drops.of('logs'), ...logs.pipeline.state }]
        : []),
    ],
  };
}

const batchOf = <T>(items: T[], encode: (items: T[]) => Uint8Array): Batch | undefined =>
  items.length === 0 ? undefined : { body: encode(items), count: items.length };

function metricsSource(collect: () => Promise<Batch[]>): Source {
  let rest: Batch[] = [];
  return {
    signal: 'metrics',
    fresh: true,
    async next(first) {
      if (first) rest = await collect();
      return rest.shift();
    },
  };
}

function countDrops({ meters }: Started) {
  const counter = meters.counter({
    name: 'nightshift_node_dropped_total',
    help: 'Points, spans and log records that did not reach the receiver, by reason.',
    labels: ['signal', 'reason'],
  });
  const bySignal: Record<Signal, Record<string, number>> = { metrics: {}, traces: {}, logs: {} };
  return {
    add(signal: Signal, reason: string, count: number) {
      bySignal[signal][reason] = (bySignal[signal][reason] ?? 0) + count;
      counter.add([signal, reason], count);
    },
    of: (signal: Signal) => ({ ...bySignal[signal] }),
  };
}

/** Rejects after so long; the timer keeps the process alive meanwhile. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
