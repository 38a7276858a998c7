/**
 * Where BullMQ keeps the trace of a job: `opts.telemetry.metadata`, the carrier of OpenTelemetry as JSON, as its own
 * telemetry package writes it, so that either end may be the other.
 */
import type { SpanIds, Tracer } from '../../tracing/tracer.ts';

export interface JobOptions {
  readonly attempts?: number;
  readonly delay?: number;
  readonly telemetry?: { readonly metadata?: unknown; readonly omitContext?: unknown };
}

const LONGEST = 4096;

/** Undefined for none or a bad one. */
export function traceOf(tracer: Tracer, options: JobOptions | undefined): SpanIds | undefined {
  const metadata = options?.telemetry?.metadata;
  if (typeof metadata !== 'string' || metadata.length > LONGEST || !metadata.startsWith('{')) return undefined;
  const { traceparent } = JSON.parse(metadata) as { readonly traceparent?: unknown };
  return typeof traceparent === 'string' ? tracer.extract(traceparent) : undefined;
}

/** Whether the application leaves it to us: it has neither given a trace nor declined one. */
export const takesTrace = ({ telemetry }: JobOptions): boolean => !telemetry?.metadata && !telemetry?.omitContext;

export const withTrace = (options: JobOptions, tracer: Tracer, span: SpanIds): JobOptions => ({
  ...options,
  telemetry: { ...options.telemetry, metadata: JSON.stringify({ traceparent: tracer.inject(span) }) },
});
