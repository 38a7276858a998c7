import type { Hub } from '../core/hub.ts';
import type { CounterMeter, HistogramMeter, Meters } from '../metrics/meters.ts';
import type { Span } from '../tracing/tracer.ts';
import { codeOf, type ErrorCode } from './errors.ts';
import { Pools } from './pools.ts';
import { type Statement, StatementCache } from './sql/statement.ts';
import type { Dialect } from './sql/tokenizer.ts';

/** The database that a query goes to. */
export interface Target {
  /** As in OpenTelemetry's `db.system.name`. */
  readonly system: Dialect;
  /** The database's name; '' if it is not known. */
  readonly namespace: string;
  /** Host or path of a socket; '' where there is no server. */
  readonly address: string;
  /** 0 where there is none. */
  readonly port: number;
}

/** Rows that came back, and rows that were changed. */
export interface Rows {
  readonly returned: number;
  readonly affected: number;
}

export const NO_ROWS: Rows = { returned: 0, affected: 0 };

/** A query on its way. It ends once; what comes later is ignored. None of it throws. */
export interface RunningQuery {
  /** `seconds` where the time since the start is not what it took. */
  done(rows: Rows, seconds?: number): void;
  fail(error: unknown): void;
}

/** From half a millisecond to ten seconds, as OpenTelemetry advises, with finer steps for what is in memory. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const WAIT_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Tables may be made by the thousand; those beyond are one, `other`. */
const MOST_NAMES = 1000;

const CONNECT: Statement = { name: 'CONNECT', operation: 'CONNECT', collection: '', text: '' };

/** Counts, records and traces the queries of all drivers in one process. */
export class DatabaseObserver {
  readonly pools: Pools;
  readonly durations: HistogramMeter;
  private readonly waits: HistogramMeter;
  readonly errors: CounterMeter;
  private readonly returned: CounterMeter;
  private readonly affected: CounterMeter;
  private readonly caches = new Map<Dialect, StatementCache>();
  private readonly names = new Set<string>();
  /** Failures to connect that were counted: client and pool give the same one. */
  private readonly counted = new WeakSet<object>();

  constructor(readonly hub: Hub) {
    const { meters, guard } = hub;
    const labels = ['db_system_name', 'operation', 'collection'];
    this.durations = meters.histogram({
      name: 'db_client_operation_duration_seconds',
      help: 'Duration of database client operations.',
      labels,
      buckets: BUCKETS,
    });
    this.waits = meters.histogram({
      name: 'db_client_connection_wait_time_seconds',
      help: 'Time until a pool gave a connection.',
      labels: ['pool'],
      buckets: WAIT_BUCKETS,
    });
    this.errors = meters.counter({
      name: 'db_client_operation_errors_total',
      help: 'Failed database client operations by the class of the error (of SQLSTATE, or the primary code) and its code.',
      labels: ['db_system_name', 'operation', 'class', 'code'],
    });
    this.returned = meters.counter({
      name: 'db_client_response_returned_rows_total',
      help: 'Rows that were returned.',
      labels,
    });
    this.affected = meters.counter({
      name: 'db_client_response_affected_rows_total',
      help: 'Rows that were inserted, updated or deleted.',
      labels,
    });
    this.pools = new Pools(meters, guard);
  }

  /** Undefined if something of ours fails: the query goes on unseen. */
  start(target: Target, text: string): RunningQuery | undefined {
    const { guard, tracer } = this.hub;
    return guard.run(
      'database.start',
      () => {
        const statement = this.bounded(this.statement(target.system, text));
        return new Running(this, target, statement, tracer.start(statement.name, 'client'));
      },
      undefined,
    );
  }

  /** A connection that could not be made, or did not come in time, for a query if there was one. `began` by `performance`. */
  connectFailed(target: Target, text: string | undefined, began: number, error: unknown, parent?: Span): void {
    const { guard, tracer } = this.hub;
    guard.run(
      'database.connect',
      () => {
        if (text === undefined && !this.isNew(error)) return;
        const statement = text === undefined ? CONNECT : this.bounded(this.statement(target.system, text));
        const time = performance.timeOrigin + began;
        const span = tracer.start(statement.name, 'client', parent, { time, root: parent === undefined });
        new Running(this, target, statement, span, began).fail(error);
      },
      undefined,
    );
  }

  private isNew(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return true;
    const { cause } = error as { readonly cause?: unknown };
    const known = this.counted.has(error) || (typeof cause === 'object' && cause !== null && this.counted.has(cause));
    this.counted.add(error);
    return !known;
  }

  waited(pool: string, began: number): void {
    this.waits.observe([pool], (performance.now() - began) / 1000);
  }

  private statement(dialect: Dialect, text: string): Statement {
    let cache = this.caches.get(dialect);
    if (!cache) {
      cache = new StatementCache(dialect);
      this.caches.set(dialect, cache);
    }
    return cache.of(text);
  }

  private bounded(statement: Statement): Statement {
    if (statement.collection === '' || this.names.has(statement.name)) return statement;
    if (this.names.size < MOST_NAMES) {
      this.names.add(statement.name);
      return statement;
    }
    const { operation } = statement;
    return {
      operation,
      collection: 'other',
      name: `${operation} other`,
      get text() {
        return statement.text;
      },
    };
  }

  /** `failure` is undefined for what went well. */
  finish(target: Target, statement: Statement, span: Span, seconds: number, rows: Rows, failure?: ErrorCode): void {
    const { system } = target;
    const { operation, collection, name } = statement;
    const labels = [system, operation, collection];
    this.durations.observe(labels, seconds, span);
    if (rows.returned > 0) this.returned.add(labels, rows.returned);
    if (rows.affected > 0) this.affected.add(labels, rows.affected);
    if (failure) this.errors.add([system, operation, failure.family, failure.code]);
    const failed = failure !== undefined;
    this.hub.recorder.record({
      kind: 'database',
      name,
      seconds,
      failed,
      labels: failure ? { system, code: failure.code } : { system },
      detail: () => statement.text,
      span,
    });
  }
}

class Running implements RunningQuery {
  private ended = false;

  constructor(
    private readonly observer: DatabaseObserver,
    private readonly target: Target,
    private readonly statement: Statement,
    private readonly span: Span,
    private readonly began = performance.now(),
  ) {}

  done(rows: Rows, seconds?: number): void {
    this.end(rows, seconds, false, undefined);
  }

  fail(error: unknown): void {
    this.end(NO_ROWS, undefined, true, error);
  }

  private end(rows: Rows, took: number | undefined, failed: boolean, error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    const seconds = took ?? (performance.now() - this.began) / 1000;
    this.observer.hub.guard.run(
      'database.end',
      () => {
        const failure = failed ? codeOf(error) : undefined;
        this.observer.finish(this.target, this.statement, this.span, seconds, rows, failure);
        if (this.span.sampled) this.describe(rows, failure, error);
      },
      undefined,
    );
    this.span.end();
  }

  /** Attributes by OpenTelemetry's stable conventions for database spans. */
  private describe(rows: Rows, failure: ErrorCode | undefined, error: unknown): void {
    const { span, target, statement } = this;
    span.set('db.system.name', target.system);
    if (target.namespace !== '') span.set('db.namespace', target.namespace);
    if (target.address !== '') span.set('server.address', target.address);
    if (target.port !== 0) span.set('server.port', target.port);
    span.set('db.operation.name', statement.operation);
    if (statement.collection !== '') span.set('db.collection.name', statement.collection);
    span.set('db.query.summary', statement.name);
    if (statement.text !== '') span.set('db.query.text', statement.text);
    if (rows.returned > 0) span.set('db.response.returned_rows', rows.returned);
    if (!failure) return;
    span.set('error.type', failure.code);
    span.set('db.response.status_code', failure.code);
    span.fail(error);
  }
}

const observers = new WeakMap<Meters, DatabaseObserver>();

/** All drivers of one process share the metrics, which a registry takes once. */
export function observerOf(hub: Hub): DatabaseObserver {
  const known = observers.get(hub.meters);
  if (known) return known;
  const observer = new DatabaseObserver(hub);
  observers.set(hub.meters, observer);
  return observer;
}
