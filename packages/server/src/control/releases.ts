import type { Release } from '../api/api.ts';
import type { ControlDatabase } from './database.ts';

/** A release as stored: `healthPath` and `failover` are kept for the report; `gateway` is filled in when it is read. */
export interface ReleaseRecord extends Release {
  healthPath: string;
  failover: boolean;
}

interface Row extends Record<string, string | number | null> {
  json: string;
}

const parsed = ({ json }: Row): ReleaseRecord => JSON.parse(json) as ReleaseRecord;

/** Releases as documents under the id that they bring. */
export class Releases {
  constructor(private readonly database: ControlDatabase) {}

  insert(release: ReleaseRecord): void {
    this.database.run(
      'INSERT INTO releases (id, service, state, created_at, json) VALUES (?, ?, ?, ?, ?)',
      release.id,
      release.service,
      release.state,
      release.createdAt,
      JSON.stringify(release),
    );
  }

  update(release: ReleaseRecord): void {
    this.database.run(
      'UPDATE releases SET state = ?, json = ? WHERE id = ?',
      release.state,
      JSON.stringify(release),
      release.id,
    );
  }

  get(id: string): ReleaseRecord | undefined {
    const row = this.database.get<Row>('SELECT json FROM releases WHERE id = ?', id);
    return row && parsed(row);
  }

  /** Newest first. */
  list(): ReleaseRecord[] {
    return this.database.all<Row>('SELECT json FROM releases ORDER BY number DESC').map(parsed);
  }

  /** Newest first. */
  byService(service: string): ReleaseRecord[] {
    return this.database
      .all<Row>('SELECT json FROM releases WHERE service = ? ORDER BY number DESC', service)
      .map(parsed);
  }
}
