/** Operations on databases that speak no SQL. They count in the metrics of all databases. */
import type { Hub } from '../core/hub.ts';
import { codeOf, type ErrorCode } from '../databases/errors.ts';
import { observerOf } from '../databases/observer.ts';
import type { HistogramSeries } from '../metrics/meters.ts';
import type { Span } from '../tracing/tracer.ts';

export type StoreSystem = 'redis' | 'mongodb';

/** What operations have in common that are counted together; found once with `StoreWatch.described`. */
export interface Description {
  /** `GET`, `find`. */
  readonly operation: string;
  /** '' where there is none. */
  readonly collection: string;
  /** `find users`. */
  readonly name: string;
  readonly took: HistogramSeries;
}

/** Where an operation goes; what is not known is left out. */
export interface Server {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly namespace?: string | undefined;
}

/** What is known at the end. Functions are asked only where somebody looks at the answer; they may throw. */
export interface End {
  readonly failed: boolean;
  readonly error?: unknown;
  /** Code of the database for what went wrong; else that of the error counts. */
  readonly code?: string | undefined;
  /** Without values. */
  readonly text?: () => string;
  readonly server?: () => Server;
  readonly batchSize?: number | undefined;
  /** `wait` for what waits for others by its nature, such as BLPOP: nobody wants it among the slow ones. */
  readonly kind?: 'database' | 'wait';
}

export interface Operation {
  readonly description: Description;
  readonly began: number;
  /** Undefined where no trace is begun here and none is active. */
  readonly span: Span | undefined;
}

/** Descriptions beyond this many are one, `other`. */
const MOST_DESCRIPTIONS = 1000;
const LONGEST = 100;

/** Its methods may throw: they are called within the guard. */
export class StoreWatch {
  private readonly descriptions = new Map<string, Description>();
  private readonly labels: Readonly<Record<string, string>>;

  constructor(
    private readonly hub: Hub,
    private readonly system: StoreSystem,
  ) {
    this.labels = { system };
  }

  described(operation: string, collection = ''): Description {
    const key = collection === '' ? operation : `${operation} ${collection}`;
    return this.descriptions.get(key) ?? this.describe(key, operation, collection);
  }

  private describe(key: string, operation: string, collection: string): Description {
    if (this.descriptions.size >= MOST_DESCRIPTIONS && operation !== 'other') return this.described('other');
    const [first, second] = [operation.slice(0, LONGEST), collection.slice(0, LONGEST)];
    const description: Description = {
      operation: first,
      collection: second,
      name: key.slice(0, 2 * LONGEST),
      took: observerOf(this.hub).durations.series([this.system, first, second]),
    };
    this.descriptions.set(key, description);
    return description;
  }

  start(description: Description): Operation {
    const { tracer, settings } = this.hub;
    const traced = settings.traceRate > 0 || tracer.active() !== undefined;
    const span = traced ? tracer.start(description.name, 'client') : undefined;
    return { description, began: performance.now(), span };
  }

  end({ description, began, span }: Operation, end: End): void {
    const seconds = (performance.now() - began) / 1000;
    const { name, took, operation } = description;
    const { failed, text: detail, kind = 'database' } = end;
    const failure = failed ? failureOf(end) : undefined;
    took.observe(seconds, span);
    if (failure) observerOf(this.hub).errors.add([this.system, operation, failure.family, failure.code]);
    const labels = failure ? { system: this.system, code: failure.code } : this.labels;
    this.hub.recorder.record({ kind, name, seconds, failed, labels, span, ...(detail && { detail }) });
    if (!span) return;
    try {
      if (span.sampled) this.setAttributes(span, description, end, failure);
    } finally {
      span.end();
    }
  }

  /** https://opentelemetry.io/docs/specs/semconv/db/database-spans/ */
  private setAttributes(span: Span, description: Description, end: End, failure: ErrorCode | undefined): void {
    const { operation, collection, name } = description;
    span.set('db.system.name', this.system);
    span.set('db.operation.name', operation);
    span.set('db.query.summary', name);
    if (collection !== '') span.set('db.collection.name', collection);
    if (end.text) span.set('db.query.text', end.text());
    if (end.batchSize !== undefined) span.set('db.operation.batch.size', end.batchSize);
    const { address, port, namespace } = end.server?.() ?? {};
    if (address !== undefined) span.set('server.address', address);
    if (port !== undefined) span.set('server.port', port);
    if (namespace !== undefined && namespace !== '') span.set('db.namespace', namespace);
    if (!failure) return;
    span.set('error.type', failure.code);
    if (end.code !== undefined) span.set('db.response.status_code', end.code);
    span.fail(end.error);
  }
}

function failureOf({ code, error }: End): ErrorCode {
  return code === undefined || code === '' ? codeOf(error) : { code, family: code };
}
