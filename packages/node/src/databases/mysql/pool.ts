import { isFunction, type Method, ownerOf, together, wrapMethod } from '../../core/wrap.ts';
import { ask, PoolQuery, textOf, withOwnParent } from '../handover.ts';
import type { DatabaseObserver } from '../observer.ts';
import { targetOf } from './commands.ts';

interface Sized {
  readonly length: number;
}

interface Pool {
  readonly config: { readonly connectionConfig: Readonly<Record<string, unknown>> };
  readonly _allConnections: Sized;
  readonly _freeConnections: Sized;
  readonly _connectionQueue: Sized;
}

/** Connections in use, idle and waited for; and a query keeps its parent across the wait. */
export function watchPool(prototype: object, observer: DatabaseObserver): () => void {
  const { guard } = observer.hub;
  const query = new PoolQuery();
  const owner = ownerOf(prototype, 'getConnection');
  if (!owner) return () => {};

  const asked = (pool: Pool) => {
    const text = query.take();
    const target = targetOf(pool.config.connectionConfig);
    const name = `${target.address}${target.port === 0 ? '' : `:${target.port}`}/${target.namespace}`;
    observer.pools.watch(
      pool,
      () => name,
      ({ _allConnections: all, _freeConnections: free, _connectionQueue: queue }) => ({
        idle: free.length,
        used: all.length - free.length,
        waiting: queue.length,
      }),
    );
    return ask(observer, name, target, text);
  };
  const getConnection = (original: Method): Method =>
    function getConnection(this: object, ...args: unknown[]) {
      const [callback] = args;
      if (!isFunction(callback)) return original.apply(this, args);
      const request = guard.run('database.mysql2.connect', () => asked(this as Pool), undefined);
      if (request) args[0] = withOwnParent(observer, request, callback);
      return original.apply(this, args);
    };
  const run = (original: Method): Method =>
    function run(this: object, ...args: unknown[]) {
      const text = guard.run('database.mysql2.pool', () => textOf(args[0]), undefined);
      return query.during(text, () => original.apply(this, args));
    };
  return together([
    wrapMethod(owner, 'getConnection', getConnection),
    wrapMethod(owner, 'query', run),
    wrapMethod(owner, 'execute', run),
  ]);
}
