import type { Hub } from '../../core/hub.ts';
import type { Span } from '../../tracing/tracer.ts';
import { BoundedNames } from '../bounded-names.ts';
import { type JobMetrics, jobMetricsOf } from './job-metrics.ts';
import { type JobOptions, takesTrace, withTrace } from './propagation.ts';

/** A job as it is about to be stored. */
interface StoredJob {
  readonly name: string;
  readonly opts?: JobOptions;
}

/** The backend of a queue: all jobs that are added pass it, single ones, many, and trees. */
export interface Backend {
  readonly queue?: {
    readonly name?: string;
    readonly keys?: Keys;
    readonly opts?: { readonly telemetry?: unknown };
  };
}

type Keys = Readonly<Record<string, string | undefined>>;

const MOST_NAMES = 500;

export interface Adding {
  readonly queue: string;
  readonly name: string;
  readonly span: Span | undefined;
  /** What is stored instead of the job: the same with the trace. */
  readonly job: StoredJob;
}

export class QueueWatch {
  private readonly names = new BoundedNames(MOST_NAMES);
  private readonly queues = new BoundedNames(MOST_NAMES);
  private readonly metrics: JobMetrics;

  constructor(private readonly hub: Hub) {
    this.metrics = jobMetricsOf(hub);
  }

  start(backend: Backend, job: StoredJob, keys: Keys | undefined): Adding {
    const { tracer, settings } = this.hub;
    const queue = this.queues.of(queueOf(keys ?? backend.queue?.keys) ?? backend.queue?.name);
    const name = this.names.of(job.name);
    const traced = settings.traceRate > 0 || tracer.active() !== undefined;
    const span = traced ? tracer.start(`add ${queue}`, 'producer') : undefined;
    if (span?.sampled) {
      span.set('messaging.system', 'bullmq');
      span.set('messaging.operation.name', 'add');
      span.set('messaging.operation.type', 'send');
      span.set('messaging.destination.name', queue);
      span.set('bullmq.job.name', job.name);
    }
    const carries = span && !backend.queue?.opts?.telemetry && takesTrace(job.opts ?? {});
    return { queue, name, span, job: carries ? { ...job, opts: withTrace(job.opts ?? {}, tracer, span) } : job };
  }

  end({ queue, name, span }: Adding, failed: boolean, error?: unknown): void {
    this.metrics.added.add([queue, name, failed ? 'error' : 'ok']);
    if (failed) span?.fail(error);
    span?.end();
  }
}

/** Keys of a queue are PREFIX:NAME:something, and a name has no colon. */
function queueOf(keys: Keys | undefined): string | undefined {
  return keys?.wait?.split(':').at(-2);
}
