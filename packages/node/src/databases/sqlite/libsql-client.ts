/** `@libsql/client` over the network. A file of its own is opened by `libsql`, where its statements are seen. */
import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { following } from '../../core/settled.ts';
import { isObject, type Method, ownerOf, prototypeOf, together, wrapMethod } from '../../core/wrap.ts';
import { textOf } from '../handover.ts';
import { type DatabaseObserver, NO_ROWS, observerOf, type Rows, type Target } from '../observer.ts';

const TARGET: Target = { system: 'sqlite', namespace: '', address: '', port: 0 };
/** Of a batch so many statements say what it is. */
const MOST_STATEMENTS = 20;

function textOfCall(given: unknown): string {
  if (!Array.isArray(given)) return textOf(given) ?? '';
  const texts = given.slice(0, MOST_STATEMENTS).map((one) => textOf(Array.isArray(one) ? one[0] : one) ?? '');
  return texts.join('; ');
}

function rowsOf(result: unknown): Rows {
  if (Array.isArray(result)) {
    const all = result.map(rowsOf);
    return {
      returned: all.reduce((sum, { returned }) => sum + returned, 0),
      affected: all.reduce((sum, { affected }) => sum + affected, 0),
    };
  }
  if (!isObject(result)) return NO_ROWS;
  const { rows, rowsAffected } = result;
  return { returned: Array.isArray(rows) ? rows.length : 0, affected: Number(rowsAffected) || 0 };
}

/** The calls of one class, of which each gives a promise. */
function watchClass(prototype: object | undefined, observer: DatabaseObserver): () => void {
  if (!prototype) return () => {};
  const { guard } = observer.hub;
  /** `execute` of a transaction is a batch of one. */
  let busy: object | undefined;

  const measured =
    (fixed: string | undefined) =>
    (original: Method): Method =>
      function call(this: object, ...args: unknown[]) {
        const text = busy === this ? undefined : (fixed ?? guard.run('database.libsql', () => textOfCall(args[0]), ''));
        const running = text === undefined ? undefined : observer.start(TARGET, text);
        if (!running) return original.apply(this, args);
        const before = busy;
        busy = this;
        let result: unknown;
        try {
          result = original.apply(this, args);
        } catch (error) {
          running.fail(error);
          throw error;
        } finally {
          busy = before;
        }
        if (!(result instanceof Promise)) return result;
        return following(result, {
          resolved: (value) => running.done(guard.run('database.libsql.rows', () => rowsOf(value), NO_ROWS)),
          rejected: (error) => running.fail(error),
        });
      };
  const wrap = (name: string, fixed?: string) =>
    wrapMethod(ownerOf(prototype, name) ?? prototype, name, measured(fixed));
  return together([
    ...['execute', 'batch', 'migrate', 'executeMultiple'].map((name) => wrap(name)),
    wrap('commit', 'COMMIT'),
    wrap('rollback', 'ROLLBACK'),
  ]);
}

const CLASSES = ['HttpClient', 'HttpTransaction', 'WsClient', 'WsTransaction'];

const watch = (exports: unknown, hub: Hub): (() => void) =>
  together(CLASSES.map((name) => watchClass(prototypeOf(exports, name), observerOf(hub))));

const file = (module: string): ModuleInstrumentation => ({ module: `@libsql/client/${module}`, patch: watch });

/** Neither format shows the classes at its entry. */
export const libsqlClients: readonly ModuleInstrumentation[] = [
  file('lib-cjs/http'),
  file('lib-cjs/ws'),
  file('lib-esm/http'),
  file('lib-esm/ws'),
];
