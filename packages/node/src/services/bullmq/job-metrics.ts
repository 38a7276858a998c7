import type { Hub } from '../../core/hub.ts';
import type { CounterMeter, HistogramMeter, Meters } from '../../metrics/meters.ts';

export interface JobMetrics {
  /** queue, job, outcome */
  readonly took: HistogramMeter;
  /** queue, job */
  readonly waited: HistogramMeter;
  /** queue, job, attempt */
  readonly attempts: CounterMeter;
  /** queue, job, outcome */
  readonly added: CounterMeter;
  /** queue */
  readonly stalled: CounterMeter;
}

const BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800];

const made = new WeakMap<Meters, JobMetrics>();

/** Several copies of the package count in the same metrics, which a registry takes once. */
export function jobMetricsOf({ meters }: Hub): JobMetrics {
  const known = made.get(meters);
  if (known) return known;
  const metrics: JobMetrics = {
    took: meters.histogram({
      name: 'job_duration_seconds',
      help: 'Duration of one attempt at a job; outcome is completed, failed (for good), retried, or postponed by the job itself.',
      labels: ['queue', 'job', 'outcome'],
      buckets: BUCKETS,
    }),
    waited: meters.histogram({
      name: 'job_waiting_seconds',
      help: 'Time from when a job was due until its first attempt began.',
      labels: ['queue', 'job'],
      buckets: BUCKETS,
    }),
    attempts: meters.counter({
      name: 'job_attempts_total',
      help: 'Attempts that began, by their number: 1 to 5, or more.',
      labels: ['queue', 'job', 'attempt'],
    }),
    added: meters.counter({
      name: 'jobs_added_total',
      help: 'Jobs that were given to a queue by this process.',
      labels: ['queue', 'job', 'outcome'],
    }),
    stalled: meters.counter({
      name: 'jobs_stalled_total',
      help: 'Jobs whose worker was lost, as the workers of this process found.',
      labels: ['queue'],
    }),
  };
  made.set(meters, metrics);
  return metrics;
}
