import type { Release, ReleaseRequest } from '../http/api.ts';
import type { ControlDatabase } from './database.ts';

/** A release without what the gateway knows of it at the moment. */
export type StoredRelease = Omit<Release, 'gateway'>;

export class Releases {
  constructor(private readonly database: ControlDatabase) {}

  /** Gives the release its id (`R-1`, `R-2`, …) and keeps the request that it came from. */
  create(release: Omit<StoredRelease, 'id'>, request: ReleaseRequest): StoredRelease {
    return this.database.transaction(() => {
      const next = this.database.get<{ n: number }>("SELECT seq + 1 AS n FROM sqlite_sequence WHERE name = 'releases'");
      const stored = { ...release, id: `R-${next?.n ?? 1}` };
      this.database.run(
        'INSERT INTO releases (id, service, state, created_at, json, request) VALUES (?, ?, ?, ?, ?, ?)',
        stored.id,
        stored.service,
        stored.state,
        stored.createdAt,
        JSON.stringify(stored),
        JSON.stringify(request),
      );
      return stored;
    });
  }

  get(id: string): StoredRelease | null {
    const row = this.database.get<{ json: string }>('SELECT json FROM releases WHERE id = ?', id);
    return row ? (JSON.parse(row.json) as StoredRelease) : null;
  }

  /** The request that started the release; its environment may hold secrets. */
  request(id: string): ReleaseRequest | null {
    const row = this.database.get<{ request: string }>('SELECT request FROM releases WHERE id = ?', id);
    return row ? (JSON.parse(row.request) as ReleaseRequest) : null;
  }

  /** Newest first. */
  list(service?: string): StoredRelease[] {
    const rows =
      service === undefined
        ? this.database.all<{ json: string }>('SELECT json FROM releases ORDER BY number DESC')
        : this.database.all<{ json: string }>(
            'SELECT json FROM releases WHERE service = ? ORDER BY number DESC',
            service,
          );
    return rows.map(({ json }) => JSON.parse(json) as StoredRelease);
  }

  /** Changes what is given and returns the whole; null for no such release. */
  update(id: string, change: Partial<Omit<StoredRelease, 'id' | 'service'>>): StoredRelease | null {
    return this.database.transaction(() => {
      const before = this.get(id);
      if (!before) return null;
      const after = { ...before, ...change };
      this.database.run('UPDATE releases SET state = ?, json = ? WHERE id = ?', after.state, JSON.stringify(after), id);
      return after;
    });
  }
}
