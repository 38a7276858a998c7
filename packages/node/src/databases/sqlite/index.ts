import type { ModuleInstrumentation } from '../../core/hub.ts';
import { isFunction, isObject, prototypeOf, prototypeOfClass, wholeOf } from '../../core/wrap.ts';
import { observerOf } from '../observer.ts';
import { watchDatabase } from './database.ts';
import type { SqliteDriver } from './statements.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** better-sqlite3 says both by itself, libsql neither. */
const betterSqlite: SqliteDriver = {
  nameOf: (database) => text((database as { name?: unknown }).name),
  textOf: (statement) => text((statement as { source?: unknown }).source) || undefined,
};

const nodeSqlite: SqliteDriver = {
  nameOf(database) {
    const { location } = database as { location?: unknown };
    return isFunction(location) ? text(location.call(database)) : '';
  },
  textOf: (statement) => text((statement as { sourceSQL?: unknown }).sourceSQL) || undefined,
};

const likeBetterSqlite = (module: string): ModuleInstrumentation => ({
  module,
  patch: (exports, hub) => watchDatabase(prototypeOfClass(wholeOf(exports)), observerOf(hub), betterSqlite),
});

export const betterSqlite3 = likeBetterSqlite('better-sqlite3');
export const libsql = likeBetterSqlite('libsql');

export const nodeSqliteModule: ModuleInstrumentation = {
  module: 'node:sqlite',
  patch: (exports, hub) =>
    isObject(exports) ? watchDatabase(prototypeOf(exports, 'DatabaseSync'), observerOf(hub), nodeSqlite) : () => {},
};
