import { isFunction, type Method, ownerOf, together, wrapMethod } from '../../core/wrap.ts';
import { ask, handedOver, PoolQuery, textOf, withOwnParent } from '../handover.ts';
import type { DatabaseObserver } from '../observer.ts';
import { watchNextPromise } from '../own-promise.ts';
import { type Client, targetOf } from './client.ts';

interface Pool {
  readonly options?: Client & { readonly connectionString?: string };
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** `host:port/database`; what only the connection string says is taken from it, without user and password. */
export function nameOfPool({ options = {} }: Pool): string {
  const { host, port, database } = { ...fromEnvironment(), ...fromUrl(options.connectionString), ...defined(options) };
  return `${host}:${port}/${database}`;
}

const fromEnvironment = () => ({
  host: process.env.PGHOST ?? 'localhost',
  port: Number(process.env.PGPORT) || 5432,
  database: process.env.PGDATABASE ?? '',
});

function defined({ host, port, database }: Client): Client {
  return { ...(host && { host }), ...(port && { port: Number(port) }), ...(database && { database }) };
}

function fromUrl(text: unknown): Client {
  if (typeof text !== 'string' || !URL.canParse(text)) return {};
  const { hostname, port, pathname } = new URL(text);
  return defined({ host: hostname, port: Number(port), database: decodeURIComponent(pathname.slice(1)) });
}

const targetsOfPools = new WeakMap<object, Client>();

function targetOfPool(pool: Pool) {
  let client = targetsOfPools.get(pool);
  if (!client) {
    client = { ...fromEnvironment(), ...fromUrl(pool.options?.connectionString), ...defined(pool.options ?? {}) };
    targetsOfPools.set(pool, client);
  }
  return targetOf(client);
}

/** Connections in use, idle and waited for; and a query keeps its parent across the wait. */
export function watchPool(prototype: object, observer: DatabaseObserver): () => void {
  const { guard } = observer.hub;
  const query = new PoolQuery();
  const names = new WeakMap<object, string>();

  const nameOf = (pool: Pool): string => {
    const name = names.get(pool) ?? nameOfPool(pool);
    names.set(pool, name);
    return name;
  };

  const asked = (pool: Pool) => {
    const text = query.take();
    observer.pools.watch(
      pool,
      () => nameOf(pool),
      ({ idleCount, totalCount, waitingCount }) => ({
        idle: idleCount,
        used: totalCount - idleCount,
        waiting: waitingCount,
      }),
    );
    return ask(observer, nameOf(pool), targetOfPool(pool), text);
  };

  const connect = (original: Method): Method =>
    function connect(this: object, ...args: unknown[]) {
      const [callback] = args;
      const request = guard.run('database.pg.connect', () => asked(this as Pool), undefined);
      if (!request) return original.apply(this, args);
      if (isFunction(callback)) {
        args[0] = withOwnParent(observer, request, callback);
        return original.apply(this, args);
      }
      const look = (error: unknown) =>
        guard.run('database.pg.connected', () => handedOver(observer, request, error), undefined);
      const settled = { resolved: () => look(undefined), rejected: look };
      const back = watchNextPromise(this as Record<string, unknown>, 'Promise', settled);
      try {
        return original.apply(this, args);
      } finally {
        if (back) back();
      }
    };

  const queries = (original: Method): Method =>
    function run(this: object, ...args: unknown[]) {
      const text = guard.run('database.pg.pool', () => textOf(args[0]), undefined);
      return query.during(text, () => original.apply(this, args));
    };

  const owner = ownerOf(prototype, 'connect');
  if (!owner) return () => {};
  return together([wrapMethod(owner, 'connect', connect), wrapMethod(owner, 'query', queries)]);
}
