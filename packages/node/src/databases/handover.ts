import type { Method } from '../core/wrap.ts';
import type { Span } from '../tracing/tracer.ts';
import type { DatabaseObserver, Target } from './observer.ts';

/** A connection that was asked of a pool. */
export interface Asked {
  readonly pool: string;
  readonly target: Target;
  /** The statement it is for, where the pool itself runs it. */
  readonly text: string | undefined;
  /** By `performance`. */
  readonly began: number;
  readonly parent: Span | undefined;
}

export function ask(observer: DatabaseObserver, pool: string, target: Target, text: string | undefined): Asked {
  return { pool, target, text, began: performance.now(), parent: observer.hub.tracer.active() };
}

export function handedOver(observer: DatabaseObserver, asked: Asked, error: unknown): void {
  if (error) observer.connectFailed(asked.target, asked.text, asked.began, error, asked.parent);
  else observer.waited(asked.pool, asked.began);
}

/**
 * A pool calls back in the context of whoever gave the connection back. Here the span is active again that was so when the
 * connection was asked for; all else of the context stays.
 */
export function withOwnParent(observer: DatabaseObserver, asked: Asked, callback: Method): Method {
  const { guard, tracer } = observer.hub;
  return function (this: object, ...args: unknown[]) {
    guard.run('database.handover', () => handedOver(observer, asked, args[0]), undefined);
    if (tracer.active() === asked.parent) return callback.apply(this, args);
    return tracer.run(asked.parent, () => callback.apply(this, args));
  };
}

/** The statement of a query that a pool runs itself, from when it is given until a connection is asked for. */
export class PoolQuery {
  private text: string | undefined;

  during<T>(text: string | undefined, work: () => T): T {
    this.text = text;
    try {
      return work();
    } finally {
      this.text = undefined;
    }
  }

  /** Once: what is asked of the pool after it is for something else. */
  take(): string | undefined {
    const taken = this.text;
    this.text = undefined;
    return taken;
  }
}

/** Of `query(text)` and `query({ text })` and `query({ sql })`. */
export function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement;
  if (typeof statement !== 'object' || statement === null) return undefined;
  const { text, sql, cursor } = statement as Readonly<Record<string, unknown>>;
  if (typeof text === 'string') return text;
  if (typeof sql === 'string') return sql;
  return cursor === undefined ? undefined : textOf(cursor);
}
