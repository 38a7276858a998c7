import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Account, freePort, run, type Server } from './process.ts';

const INSTALL = '/usr/bin/mariadb-install-db';
const SERVER = '/usr/sbin/mariadbd';

export const hasMariadb = existsSync(INSTALL) && existsSync(SERVER);

/** User `test` with the password `test`, database `test`. */
export async function startMariadb(connect: (port: number) => Promise<unknown>): Promise<Server> {
  const account = new Account('mysql');
  const directory = account.directory('nightshift-mariadb-');
  const data = `${directory}/data`;
  execFileSync(
    INSTALL,
    ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal'],
    {
      ...account.options,
      cwd: directory,
      stdio: 'ignore',
    },
  );
  const port = await freePort();
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--socket=${directory}/socket`,
    `--pid-file=${directory}/pid`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=16M',
    '--skip-log-bin',
  ];
  return run({ program: SERVER, args, account, directory, signal: 'SIGTERM' }, port, () => connect(port));
}
