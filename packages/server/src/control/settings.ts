import type { ControlDatabase } from './database.ts';

/** Small values by key, as JSON. */
export class Settings {
  constructor(private readonly database: ControlDatabase) {}

  /** undefined for a key that was never set. */
  get(key: string): unknown {
    const row = this.database.get<{ json: string }>('SELECT json FROM settings WHERE key = ?', key);
    return row ? JSON.parse(row.json) : undefined;
  }

  set(key: string, value: unknown): void {
    this.database.run(
      'INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json',
      key,
      JSON.stringify(value),
    );
  }

  delete(key: string): void {
    this.database.run('DELETE FROM settings WHERE key = ?', key);
  }
}
