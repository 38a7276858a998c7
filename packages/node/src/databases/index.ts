import type { ModuleInstrumentation } from '../core/hub.ts';
import { knex } from './knex.ts';
import { mysql2, mysql2Connection, mysql2Pool } from './mysql/index.ts';
import { pg, pgPool } from './postgres/index.ts';
import { betterSqlite3, libsql, nodeSqliteModule } from './sqlite/index.ts';
import { libsqlClients } from './sqlite/libsql-client.ts';

/** Drizzle and Prisma stand on these drivers, where their queries are seen. */
export const databases: readonly ModuleInstrumentation[] = [
  pg,
  pgPool,
  mysql2,
  mysql2Connection,
  mysql2Pool,
  betterSqlite3,
  libsql,
  nodeSqliteModule,
  ...libsqlClients,
  knex,
];
