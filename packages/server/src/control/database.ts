import { createHash } from 'node:crypto';
import Database from 'libsql';
import { type Migration, migrations } from './migrations.ts';

export type Row = Record<string, unknown>;
export type Value = string | number | bigint | Buffer | null;

/** A SQLite database in WAL mode with synchronous=FULL: what `run` returned from survives a power cut. */
export class ControlDatabase {
  private readonly sqlite: Database.Database;

  constructor(path: string) {
    this.sqlite = new Database(path, { timeout: 5000 });
    this.sqlite.pragma('journal_mode = WAL');
    this.sqlite.pragma('synchronous = FULL');
    this.sqlite.pragma('foreign_keys = ON');
  }

  all<T extends Row>(sql: string, ...values: Value[]): T[] {
    return this.sqlite.prepare(sql).all(values) as T[];
  }

  get<T extends Row>(sql: string, ...values: Value[]): T | undefined {
    return this.all<T>(sql, ...values)[0];
  }

  /** Returns the number of rows changed. */
  run(sql: string, ...values: Value[]): number {
    return this.sqlite.prepare(sql).run(values).changes;
  }

  exec(sql: string): void {
    this.sqlite.exec(sql);
  }

  /** Runs `work` as one write transaction; what it throws undoes everything. Not to be nested. */
  transaction<T>(work: () => T): T {
    return this.sqlite.transaction(work).immediate();
  }

  close(): void {
    if (this.sqlite.open) this.sqlite.close();
  }
}

const checksum = ({ sql }: Migration): string => createHash('sha256').update(sql).digest('hex');

/**
 * Brings the tables up to date, each migration in a transaction of its own. Throws when the file was written by a newer
 * Nightshift or a migration that already ran has been changed since.
 */
export function migrate(database: ControlDatabase, list: readonly Migration[] = migrations): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)',
  );
  const done = new Map(
    database
      .all<{ number: number; checksum: string }>('SELECT number, checksum FROM migrations')
      .map((row) => [row.number, row.checksum]),
  );
  const newest = Math.max(0, ...done.keys());
  if (newest > list.length) {
    throw new Error(
      `The control database has migration ${newest}; this Nightshift knows ${list.length}. Start a newer one.`,
    );
  }
  list.forEach((migration, i) => {
    const number = i + 1;
    const before = done.get(number);
    if (before === checksum(migration)) return;
    if (before !== undefined) throw new Error(`Migration ${number} (${migration.name}) was changed after it had run.`);
    database.transaction(() => {
      database.exec(migration.sql);
      database.run('INSERT INTO migrations VALUES (?, ?, ?)', number, migration.name, checksum(migration));
    });
  });
}
