import type { Hub } from '../../core/hub.ts';
import type { Span, SpanIds, SpanStart } from '../../tracing/tracer.ts';
import { BoundedNames } from '../bounded-names.ts';
import { type JobMetrics, jobMetricsOf } from './job-metrics.ts';
import { type JobOptions, traceOf } from './propagation.ts';

/** Times in Unix milliseconds. */
export interface Job {
  readonly id?: string;
  readonly name: string;
  readonly timestamp?: number;
  readonly processedOn?: number;
  readonly attemptsMade?: number;
  readonly attemptsStarted?: number;
  readonly discarded?: boolean;
  readonly opts?: JobOptions;
}

export interface Worker {
  readonly name: string;
}

type Outcome = 'completed' | 'failed' | 'retried' | 'postponed';

interface Running {
  readonly began: number;
  readonly span: Span | undefined;
}

const MOST_NAMES = 500;

/** A worker may have been made while something else was done, which its jobs are no part of. */
const OF_ITS_OWN: SpanStart = { root: true };

/** Thrown by a job to say that it shall go on later. */
const POSTPONED = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError']);
const RATE_LIMITED = 'bullmq:rateLimitExceeded';

/** The attempts that are under way, from the call of the processor until the worker says how it went. */
export class WorkerWatch {
  private readonly running = new WeakMap<object, Running>();
  private readonly names = new BoundedNames(MOST_NAMES);
  private readonly metrics: JobMetrics;

  constructor(private readonly hub: Hub) {
    this.metrics = jobMetricsOf(hub);
  }

  /** The span in which the processor is to run. */
  start(worker: Worker, job: Job): Span | undefined {
    const [queue, name] = [worker.name, this.names.of(job.name)];
    const attempt = Math.max(job.attemptsStarted ?? 0, (job.attemptsMade ?? 0) + 1);
    this.metrics.attempts.add([queue, name, attempt > 5 ? 'more' : String(attempt)]);
    if (attempt === 1 && job.timestamp !== undefined && job.processedOn !== undefined) {
      const due = job.timestamp + (job.opts?.delay ?? 0);
      this.metrics.waited.observe([queue, name], Math.max(0, job.processedOn - due) / 1000);
    }
    const span = this.startSpan(queue, traceOf(this.hub.tracer, job.opts));
    this.running.set(job, { began: performance.now(), span });
    if (span?.sampled) {
      span.set('messaging.system', 'bullmq');
      span.set('messaging.operation.name', 'process');
      span.set('messaging.operation.type', 'process');
      span.set('messaging.destination.name', queue);
      if (job.id !== undefined) span.set('messaging.message.id', job.id);
      span.set('bullmq.job.name', job.name);
      span.set('bullmq.job.attempt', attempt);
    }
    return span;
  }

  private startSpan(queue: string, parent: SpanIds | undefined): Span | undefined {
    const { tracer, settings } = this.hub;
    if (!parent && settings.traceRate === 0) return undefined;
    return tracer.start(`process ${queue}`, 'consumer', parent, OF_ITS_OWN);
  }

  completed(worker: Worker, job: Job): void {
    this.end(worker, job, 'completed');
  }

  /** Also of a job that was given up without another attempt. */
  failed(worker: Worker, job: Job, error: unknown): void {
    const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown };
    if (POSTPONED.has(String(name)) || message === RATE_LIMITED) {
      this.end(worker, job, 'postponed');
      return;
    }
    const again =
      (job.attemptsMade ?? 0) + 1 < (job.opts?.attempts ?? 1) && !job.discarded && name !== 'UnrecoverableError';
    this.end(worker, job, again ? 'retried' : 'failed', error);
  }

  private end(worker: Worker, job: Job, outcome: Outcome, error?: unknown): void {
    const running = this.running.get(job);
    if (!running && outcome === 'completed') return;
    this.running.delete(job);
    const { began = performance.now(), span } = running ?? {};
    const seconds = (performance.now() - began) / 1000;
    const [queue, name] = [worker.name, this.names.of(job.name)];
    const failed = outcome === 'failed' || outcome === 'retried';
    this.metrics.took.observe([queue, name, outcome], seconds, span);
    const labels = { queue, job: name, outcome };
    this.hub.recorder.record({ kind: 'job', name: `${queue} ${name}`, seconds, failed, labels, span });
    if (!span) return;
    span.set('bullmq.job.outcome', outcome);
    if (failed) {
      span.set('error.type', error instanceof Error ? error.name : '_OTHER');
      span.fail(error);
    }
    span.end();
  }

  stalled(worker: Worker): void {
    this.metrics.stalled.add([worker.name]);
  }
}
