import { isFunction, isObject, ownerOf, wrapMethod } from '../../core/wrap.ts';
import type { DatabaseObserver, RunningQuery } from '../observer.ts';
import { rowsOf } from './client.ts';

interface Submitted {
  readonly running: RunningQuery;
  rows: number;
}

/**
 * Queries that the application submits as objects (`pg.Query`, pg-cursor, pg-query-stream, pg-copy-streams). The client
 * tells them what comes, through methods of their own; these are watched where they are defined.
 */
export class SubmittedQueries {
  private readonly running = new WeakMap<object, Submitted>();
  private readonly back: (() => void)[] = [];

  constructor(private readonly observer: DatabaseObserver) {}

  watch(query: object, running: RunningQuery): void {
    this.running.set(query, { running, rows: 0 });
    // Of pg.Query the result has the number.
    if (!('_results' in query))
      this.before(query, 'handleDataRow', (submitted) => {
        submitted.rows++;
      });
    this.before(query, 'handleError', (submitted, _query, error) => submitted.running.fail(error));
    this.before(query, 'handleReadyForQuery', ({ running, rows }, submitted) => {
      const counted = rowsOf(resultOf(submitted));
      running.done(counted.affected > 0 ? counted : { returned: Math.max(rows, counted.returned), affected: 0 });
    });
  }

  undo(): void {
    for (const back of this.back.splice(0).reverse()) back();
  }

  private before(query: object, name: string, look: (submitted: Submitted, query: object, argument: unknown) => void) {
    const owner = ownerOf(query, name);
    if (!owner) return;
    const { running } = this;
    const { guard } = this.observer.hub;
    const back = wrapMethod(owner, name, (original) => {
      return function watched(this: object, ...args: unknown[]) {
        const submitted = running.get(this);
        const tell = () => {
          if (submitted) guard.run('database.pg.submitted', () => look(submitted, this, args[0]), undefined);
        };
        if (name !== 'handleError') tell();
        try {
          return original.apply(this, args);
        } finally {
          // The native client writes the message first: who reads the stack before that fixes the text in it.
          if (name === 'handleError') tell();
        }
      };
    });
    // One that is of this query alone goes with it.
    if (owner !== query) this.back.push(back);
  }
}

/** As `pg.Query` and pg-cursor keep it. */
function resultOf(query: object): unknown {
  const { _results: results, _result: result, cursor } = query as Readonly<Record<string, unknown>>;
  if (isObject(cursor) && !isFunction(cursor)) return resultOf(cursor);
  return results ?? result;
}
