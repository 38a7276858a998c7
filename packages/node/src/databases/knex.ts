/** Queries of knex are seen in the drivers below it; its pool is its own (tarn). */
import type { ModuleInstrumentation } from '../core/hub.ts';
import { isFunction, isObject, type Method, prototypeOf, wrapMethod } from '../core/wrap.ts';
import { observerOf } from './observer.ts';

interface Tarn {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

const isTarn = (pool: unknown): pool is Tarn => isObject(pool) && isFunction(pool.numUsed) && isFunction(pool.numFree);

/** `host:port/database`, or the file; without user and password. */
function nameOf(client: Readonly<Record<string, unknown>>): string {
  const { driverName, connectionSettings } = client;
  const settings = isObject(connectionSettings) ? connectionSettings : {};
  const { host, port, database, filename, connectionString } = settings;
  if (typeof filename === 'string') return filename;
  if (typeof connectionString === 'string' && URL.canParse(connectionString)) {
    const url = new URL(connectionString);
    return `${url.host}${url.pathname}`;
  }
  if (host === undefined && database === undefined) return `knex ${String(driverName ?? '')}`.trim();
  return `${host ?? 'localhost'}${port === undefined ? '' : `:${port}`}/${database ?? ''}`;
}

export const knex: ModuleInstrumentation = {
  module: 'knex',
  patch(exports, hub) {
    const prototype = prototypeOf(exports, 'Client');
    if (!prototype) return () => {};
    const { pools } = observerOf(hub);
    const watch = (client: object): void => {
      const { pool } = client as { pool?: unknown };
      if (!isTarn(pool)) return;
      pools.watch(
        pool,
        () => nameOf(client as Readonly<Record<string, unknown>>),
        (tarn) => ({ idle: tarn.numFree(), used: tarn.numUsed(), waiting: tarn.numPendingAcquires() }),
      );
    };
    return wrapMethod(prototype, 'initializePool', (original): Method => {
      return function initializePool(this: object, ...args: unknown[]) {
        const result = original.apply(this, args);
        hub.guard.run('database.knex.pool', () => watch(this), undefined);
        return result;
      };
    });
  },
};
