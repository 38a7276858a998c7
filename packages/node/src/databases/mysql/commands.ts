import { isFunction, isObject, type Method, replaceMethod } from '../../core/wrap.ts';
import { type DatabaseObserver, NO_ROWS, type Rows, type RunningQuery, type Target } from '../observer.ts';

interface Connection {
  readonly config?: Readonly<Record<string, unknown>>;
}

const targets = new WeakMap<object, Target>();

/** Of the configuration of a connection; `changeUser` may change its database. */
export function targetOf(config: Readonly<Record<string, unknown>> = {}): Target {
  const known = targets.get(config);
  const namespace = typeof config.database === 'string' ? config.database : '';
  if (known?.namespace === namespace) return known;
  const { socketPath, host, port } = config;
  const target: Target = {
    system: 'mysql',
    namespace,
    address: typeof socketPath === 'string' ? socketPath : typeof host === 'string' ? host : 'localhost',
    port: typeof socketPath === 'string' ? 0 : Number(port) || 3306,
  };
  targets.set(config, target);
  return target;
}

const isHeader = (value: unknown): value is { readonly affectedRows: number } =>
  isObject(value) && typeof value.affectedRows === 'number' && value.constructor?.name === 'ResultSetHeader';

/** Of what one statement gave, or of several in one text. */
function rowsOf(result: unknown, several: boolean): Rows {
  if (isHeader(result)) return { returned: 0, affected: result.affectedRows };
  if (!Array.isArray(result)) return NO_ROWS;
  if (!several) return { returned: result.length, affected: 0 };
  let returned = 0;
  let affected = 0;
  for (const one of result) {
    const rows = rowsOf(one, false);
    returned += rows.returned;
    affected += rows.affected;
  }
  return { returned, affected };
}

interface Running {
  readonly query: RunningQuery;
  readonly connection: object;
  returned: number;
  affected: number;
}

/**
 * The commands of mysql2 by what they are told: a command with a callback calls `onResult`, another one emits `result`,
 * `error` and `end`. No listener is added, as an error that nobody listens to must stay one.
 */
export class Commands {
  private readonly running = new WeakMap<object, Running>();
  /** Those without a callback, by connection: when that is lost they are told nothing. */
  private readonly emitting = new WeakMap<object, Set<Running>>();
  /** Failures to prepare, of which the command that was to be executed tells as well. */
  private readonly reported = new WeakSet<object>();
  private readonly back: (() => void)[] = [];

  constructor(private readonly observer: DatabaseObserver) {}

  /** A command that is handed to its connection. `text` without values, where it is known. */
  added(connection: object, command: unknown, text: string | undefined): void {
    if (!isObject(command)) return;
    const sql = text ?? sqlOf(command);
    if (sql === undefined) return;
    // The driver prepares by itself too: only a failure of it is one of the application's.
    const prepares = isObject(command.options) && command.query !== undefined && 'parameterDefinitions' in command;
    if (prepares) this.watchPrepare(connection, command, sql);
    else if ('_rows' in command && '_fieldCount' in command) this.watchQuery(connection, command, sql);
  }

  /** The connection was lost: those that emit are not told. */
  lost(connection: object, error: unknown): void {
    for (const { query } of this.emitting.get(connection) ?? []) query.fail(error);
    this.emitting.delete(connection);
  }

  undo(): void {
    for (const back of this.back.splice(0).reverse()) back();
  }

  private start(connection: object, sql: string): RunningQuery | undefined {
    return this.observer.start(targetOf((connection as Connection).config), sql);
  }

  private watchPrepare(connection: object, command: object, sql: string): void {
    const mutable = command as { onResult?: unknown };
    const { onResult } = mutable;
    if (!isFunction(onResult)) return;
    const query = this.start(connection, sql);
    if (!query) return;
    const { reported } = this;
    mutable.onResult = function (this: object, ...results: unknown[]) {
      const [error] = results;
      if (error) query.fail(error);
      if (isObject(error)) reported.add(error);
      return onResult.apply(this, results);
    };
  }

  private watchQuery(connection: object, command: object, sql: string): void {
    const query = this.start(connection, sql);
    if (!query) return;
    const mutable = command as { onResult?: unknown };
    const { onResult } = mutable;
    if (isFunction(onResult)) {
      mutable.onResult = this.counted(command, query, onResult);
      return;
    }
    const running: Running = { query, connection, returned: 0, affected: 0 };
    this.running.set(command, running);
    const others = this.emitting.get(connection) ?? new Set();
    this.emitting.set(connection, others);
    others.add(running);
    this.watchEvents(command);
  }

  private counted(command: object, query: RunningQuery, onResult: Method): Method {
    const { guard } = this.observer.hub;
    return function (this: object, ...results: unknown[]) {
      const [error, result] = results;
      if (error) query.fail(error);
      else {
        const several = Number((command as { _resultIndex?: number })._resultIndex) > 0;
        query.done(guard.run('database.mysql2.rows', () => rowsOf(result, several), NO_ROWS));
      }
      return onResult.apply(this, results);
    };
  }

  /** `emit` of the class of commands, once: a command is told of no listener of ours. */
  private watchEvents(command: object): void {
    const base = Object.getPrototypeOf(Object.getPrototypeOf(command)) as object;
    if (Object.hasOwn(base, 'emit')) return;
    const { running } = this;
    const { guard } = this.observer.hub;
    const emitted = this.emitted.bind(this);
    const unwrap = replaceMethod<Method>(base, 'emit', (original) => {
      return function emit(this: object, ...args: unknown[]) {
        const found = running.get(this);
        if (found) guard.run('database.mysql2.event', () => emitted(this, found, args[0], args[1]), undefined);
        return original.apply(this, args);
      };
    });
    this.back.push(unwrap);
  }

  private emitted(command: object, running: Running, name: unknown, value: unknown): void {
    if (name === 'result') {
      if (isHeader(value)) running.affected += value.affectedRows;
      else running.returned++;
      return;
    }
    if (name === 'error' && isObject(value) && this.reported.has(value)) this.running.delete(command);
    else if (name === 'error') running.query.fail(value);
    else if (name === 'end') running.query.done({ returned: running.returned, affected: running.affected });
    else return;
    this.emitting.get(running.connection)?.delete(running);
  }
}

function sqlOf({ sql, query, statement }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof sql === 'string') return sql;
  if (typeof query === 'string') return query;
  return isObject(statement) && typeof statement.query === 'string' ? statement.query : undefined;
}
