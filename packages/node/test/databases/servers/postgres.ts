import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Account, freePort, run, type Server } from './process.ts';

/** As Debian has them, a directory a version. */
const BASE = '/usr/lib/postgresql';
const versions = existsSync(BASE) ? readdirSync(BASE).map((version) => join(BASE, version, 'bin')) : [];

/** Undefined where there is no PostgreSQL. */
export const postgresPrograms = versions.filter((path) => existsSync(join(path, 'initdb'))).at(-1);

/** User `postgres` without a password, database `postgres`. */
export async function startPostgres(connect: (port: number) => Promise<unknown>): Promise<Server> {
  const account = new Account('postgres');
  const directory = account.directory('nightshift-postgres-');
  const data = `${directory}/data`;
  execFileSync(
    `${postgresPrograms}/initdb`,
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8'],
    { ...account.options, cwd: directory, stdio: 'ignore' },
  );
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`, 'fsync=off', `port=${port}`];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const program = `${postgresPrograms}/postgres`;
  return run({ program, args, account, directory, signal: 'SIGINT' }, port, () => connect(port));
}
