import type { Hub } from './hub.ts';
import { following } from './settled.ts';

export type Labels = Readonly<Record<string, string>>;

/**
 * Measures any own operation: duration, failures, a span, a place in the buffer. What `work` gives or throws goes through.
 * Of a promise it gives one that settles alike, so that a rejection that nobody handles stays one. Another thenable, such
 * as the query of a builder, may begin only when it is asked: it is given back untouched, and measured until it was made.
 */
export type Measure = <T>(name: string, labels: Labels, work: () => T, kind?: string) => T;

const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

export function createMeasure(hub: Hub): Measure {
  const { guard, meters, recorder, tracer, settings } = hub;
  const took = meters.histogram({
    name: 'operation_duration_seconds',
    help: 'Duration of operations that the application measures itself.',
    labels: ['operation', 'outcome'],
    buckets: BUCKETS,
  });
  return (name, labels, work, kind = 'operation') => {
    if (!settings.enabled) return work();
    const began = performance.now();
    const span = guard.run('measure.start', () => tracer.start(name, 'internal'), undefined);
    const done = (failed: boolean, error?: unknown) =>
      guard.run(
        'measure.end',
        () => {
          const seconds = (performance.now() - began) / 1000;
          took.observe([name, failed ? 'error' : 'ok'], seconds, span);
          recorder.record({ kind, name, seconds, failed, labels, span });
          for (const [key, value] of Object.entries(labels)) span?.set(key, value);
          if (failed) span?.fail(error);
          span?.end();
        },
        undefined,
      );
    let result: ReturnType<typeof work>;
    try {
      result = span ? tracer.run(span, work) : work();
    } catch (error) {
      done(true, error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      done(false);
      return result;
    }
    return following(result, { resolved: () => done(false), rejected: (error) => done(true, error) }) as typeof result;
  };
}
