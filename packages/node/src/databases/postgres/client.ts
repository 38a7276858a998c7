import { following, type Settled } from '../../core/settled.ts';
import { isFunction, isObject, type Method, together, wrapMethod } from '../../core/wrap.ts';
import { textOf } from '../handover.ts';
import { type DatabaseObserver, NO_ROWS, type Rows, type RunningQuery, type Target } from '../observer.ts';
import { watchNextPromise } from '../own-promise.ts';
import { SubmittedQueries } from './submitted.ts';

export interface Client {
  readonly database?: string;
  readonly host?: string;
  readonly port?: number;
}

const targets = new WeakMap<object, Target>();

/** Of a client, or the options of a pool; they do not change. */
export function targetOf(client: Client): Target {
  const known = targets.get(client);
  if (known) return known;
  const { database, host, port } = client;
  const target: Target = {
    system: 'postgresql',
    namespace: typeof database === 'string' ? database : '',
    address: typeof host === 'string' ? host : '',
    port: Number(port) || 0,
  };
  targets.set(client, target);
  return target;
}

const CHANGES: ReadonlySet<unknown> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY']);

/** Of a result, or one for each statement. A result without a command has not come to its end. */
export function rowsOf(result: unknown): Rows {
  if (!Array.isArray(result)) return rowsOfOne(result);
  let returned = 0;
  let affected = 0;
  for (const rows of result.map(rowsOfOne)) {
    returned += rows.returned;
    affected += rows.affected;
  }
  return { returned, affected };
}

function rowsOfOne(result: unknown): Rows {
  if (!isObject(result)) return NO_ROWS;
  const { command, rowCount, rows } = result;
  const count = typeof rowCount === 'number' ? rowCount : 0;
  const kept = Array.isArray(rows) ? rows.length : 0;
  if (CHANGES.has(command)) return { returned: kept, affected: count };
  return { returned: Math.max(kept, count), affected: 0 };
}

function settledBy(observer: DatabaseObserver, running: RunningQuery): Settled {
  const { guard } = observer.hub;
  return {
    resolved: (result) => running.done(guard.run('database.pg.rows', () => rowsOf(result), NO_ROWS)),
    rejected: (error) => running.fail(error),
  };
}

/** The same callback, called in the same way, after the query was counted. */
function counted(settled: Settled, callback: Method): Method {
  return function (this: object, ...results: unknown[]) {
    const [error, result] = results;
    if (error) settled.rejected(error);
    else settled.resolved(result);
    return callback.apply(this, results);
  };
}

/** Puts the callback in the place of the application's; false if it has none that is taken. */
function withCallback(args: unknown[], settled: Settled): boolean {
  const [config, values, callback] = args;
  if (callback) {
    if (isFunction(callback)) args[2] = counted(settled, callback);
    return true;
  }
  if (isFunction(values)) {
    args[1] = counted(settled, values);
    return true;
  }
  if (!isObject(config) || !config.callback) return false;
  // Whatever the application keeps of its own stays as it is.
  const copy = Object.create(Object.getPrototypeOf(config), Object.getOwnPropertyDescriptors(config));
  if (isFunction(config.callback)) copy.callback = counted(settled, config.callback);
  args[0] = copy;
  return true;
}

/** `client.query` in all its forms, and connections that fail; of the client in JavaScript and the native one. */
export function watchClient(prototype: object, observer: DatabaseObserver): () => void {
  const { guard } = observer.hub;
  const submitted = new SubmittedQueries(observer);

  /** What is to be done when the call is over; `result` goes back to the application. */
  const begin = (client: object, args: unknown[]): Watch | undefined => {
    const [config] = args;
    const text = textOf(config);
    const running = observer.start(targetOf(client as Client), text ?? '');
    if (!running) return undefined;
    const settled = settledBy(observer, running);
    if (isObject(config) && isFunction(config.submit)) {
      submitted.watch(config, running);
      return { failed: settled.rejected, after: (result) => result };
    }
    if (withCallback(args, settled)) return { failed: settled.rejected, after: (result) => result };
    const back = watchNextPromise(client as Record<string, unknown>, '_Promise', settled);
    return {
      failed: (error) => {
        if (back) back();
        settled.rejected(error);
      },
      after: (result) => {
        if (back) back();
        // A version of the driver whose own promise cannot be watched.
        else if (result instanceof Promise) return following(result, settled);
        return result;
      },
    };
  };

  const undo = [
    wrapMethod(prototype, 'query', (original) => {
      return function query(this: object, ...args: unknown[]) {
        const given = [...args];
        const watch = guard.run('database.pg.query', () => begin(this, given), undefined);
        if (!watch) return original.apply(this, args);
        let result: unknown;
        try {
          result = original.apply(this, given);
        } catch (error) {
          watch.failed(error);
          throw error;
        }
        return watch.after(result);
      };
    }),
    wrapMethod(prototype, '_connect', (original) => {
      return function connect(this: object, ...args: unknown[]) {
        const [callback] = args;
        if (!isFunction(callback)) return original.apply(this, args);
        const began = performance.now();
        const parent = observer.hub.tracer.active();
        args[0] = function (this: object, ...results: unknown[]) {
          const [error] = results;
          if (error) observer.connectFailed(targetOfSafe(client), undefined, began, error, parent);
          return callback.apply(this, results);
        };
        const client = this as Client;
        return original.apply(this, args);
      };
    }),
  ];
  const targetOfSafe = (client: Client): Target =>
    guard.run('database.pg.target', () => targetOf(client), {
      system: 'postgresql',
      namespace: '',
      address: '',
      port: 0,
    });
  return together([...undo, () => submitted.undo()]);
}

interface Watch {
  /** The call itself threw. */
  failed(error: unknown): void;
  after(result: unknown): unknown;
}
