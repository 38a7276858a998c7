import type { Hub } from '../../core/hub.ts';
import type { CounterMeter, HistogramMeter, Meters } from '../../metrics/meters.ts';
import type { Span } from '../../tracing/tracer.ts';
import { BoundedNames } from '../bounded-names.ts';
import { bodySize } from './body-size.ts';

/** A command of the SDK, as PutObjectCommand. */
export interface Command {
  readonly input?: { readonly Bucket?: unknown; readonly Body?: unknown; readonly ContentLength?: unknown };
}

interface Metadata {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string; readonly attempts?: number };
}

interface Output extends Metadata {
  readonly Body?: unknown;
  readonly ContentLength?: unknown;
}

interface CallMetrics {
  readonly took: HistogramMeter;
  readonly bytes: CounterMeter;
}

/** A call on its way. */
export interface Call {
  readonly operation: string;
  readonly bucket: string;
  readonly began: number;
  readonly span: Span | undefined;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const MOST_BUCKETS = 200;
const NAME = /^[A-Z][A-Za-z0-9]{2,60}$/;

const made = new WeakMap<Meters, CallMetrics>();

/** Several copies of the package count in the same metrics, which a registry takes once. */
function callMetricsOf({ meters }: Hub): CallMetrics {
  const known = made.get(meters);
  if (known) return known;
  const labels = ['operation', 'bucket', 'result'];
  const metrics: CallMetrics = {
    took: meters.histogram({
      name: 's3_client_operation_duration_seconds',
      help: 'Duration of calls of object storage, of a download until its body begins; result is ok or the name of the error.',
      labels,
      buckets: BUCKETS,
    }),
    bytes: meters.counter({
      name: 's3_client_bytes_total',
      help: 'Bytes of bodies that were sent or received, as far as their size is known.',
      labels: [...labels, 'direction'],
    }),
  };
  made.set(meters, metrics);
  return metrics;
}

export class CallWatch {
  private readonly operations = new BoundedNames(200);
  private readonly buckets = new BoundedNames(MOST_BUCKETS);
  private readonly metrics: CallMetrics;

  constructor(private readonly hub: Hub) {
    this.metrics = callMetricsOf(hub);
  }

  start(command: Command): Call {
    const { tracer, settings } = this.hub;
    const named = command.constructor.name.replace(/Command$/, '');
    const operation = NAME.test(named) ? this.operations.of(named) : 'other';
    const bucket = this.buckets.of(command.input?.Bucket);
    const traced = settings.traceRate > 0 || tracer.active() !== undefined;
    const span = traced ? tracer.start(`S3.${operation}`, 'client') : undefined;
    return { operation, bucket, began: performance.now(), span };
  }

  succeeded(call: Call, { input }: Command, output: Output | undefined): void {
    const labels = [call.operation, call.bucket, 'ok'];
    const sent = bodySize(input?.Body, input?.Body === undefined ? undefined : input.ContentLength);
    if (sent !== undefined) this.metrics.bytes.add([...labels, 'sent'], sent);
    if (output?.Body !== undefined && typeof output.ContentLength === 'number') {
      this.metrics.bytes.add([...labels, 'received'], output.ContentLength);
    }
    this.end(call, 'ok', false, output);
  }

  failed(call: Call, error: unknown): void {
    const { name, $metadata } = (error ?? {}) as Metadata & { readonly name?: unknown };
    const result = typeof name === 'string' && NAME.test(name) ? name : 'Error';
    const status = $metadata?.httpStatusCode;
    // Given up by whoever made it, or not modified since.
    const expected = name === 'AbortError' || (status !== undefined && status < 400 && status >= 300);
    this.end(call, result, !expected, error as Metadata, error);
  }

  private end(call: Call, result: string, failed: boolean, told: Metadata | undefined, error?: unknown): void {
    const { operation, bucket, began, span } = call;
    const seconds = (performance.now() - began) / 1000;
    this.metrics.took.observe([operation, bucket, result], seconds, span);
    const labels = { operation, bucket, result };
    const name = bucket === '' ? operation : `${operation} ${bucket}`;
    this.hub.recorder.record({ kind: 's3', name, seconds, failed, labels, span });
    if (!span) return;
    if (span.sampled) setAttributes(span, call, told);
    if (failed) {
      span.set('error.type', result);
      span.fail(error);
    }
    span.end();
  }
}

/** https://opentelemetry.io/docs/specs/semconv/object-stores/s3/ */
function setAttributes(span: Span, { operation, bucket }: Call, told: Metadata | undefined): void {
  span.set('rpc.system', 'aws-api');
  span.set('rpc.service', 'S3');
  span.set('rpc.method', operation);
  if (bucket !== '') span.set('aws.s3.bucket', bucket);
  const { httpStatusCode, requestId, attempts } = told?.$metadata ?? {};
  if (httpStatusCode !== undefined) span.set('http.response.status_code', httpStatusCode);
  if (requestId !== undefined) span.set('aws.request_id', requestId);
  if (attempts !== undefined && attempts > 1) span.set('http.request.resend_count', attempts - 1);
}
