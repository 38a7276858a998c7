import type { Incident } from '../api/api.ts';
import type { ControlDatabase } from './database.ts';

/** `frozenAt`: Unix milliseconds from which the evidence never changes again, null until then. */
export interface IncidentRecord extends Incident {
  frozenAt: number | null;
}

interface Row extends Record<string, string | number | null> {
  json: string;
}

const parsed = ({ json }: Row): IncidentRecord => JSON.parse(json) as IncidentRecord;

/** Incidents as documents, at most one for each release. */
export class Incidents {
  constructor(private readonly database: ControlDatabase) {}

  /** Gives the incident its id: `INC-1`, `INC-2`, … Throws when its release has one already. */
  create(incident: Omit<IncidentRecord, 'id'>): IncidentRecord {
    return this.database.transaction(() => {
      const next = this.database.get<{ n: number }>(
        "SELECT seq + 1 AS n FROM sqlite_sequence WHERE name = 'incidents'",
      );
      const stored: IncidentRecord = { ...incident, id: `INC-${next?.n ?? 1}` };
      this.database.run(
        'INSERT INTO incidents (id, release, service, state, opened_at, json) VALUES (?, ?, ?, ?, ?, ?)',
        stored.id,
        stored.release.id,
        stored.service,
        stored.state,
        stored.openedAt,
        JSON.stringify(stored),
      );
      return stored;
    });
  }

  update(incident: IncidentRecord): void {
    this.database.run(
      'UPDATE incidents SET state = ?, json = ? WHERE id = ?',
      incident.state,
      JSON.stringify(incident),
      incident.id,
    );
  }

  get(id: string): IncidentRecord | undefined {
    const row = this.database.get<Row>('SELECT json FROM incidents WHERE id = ?', id);
    return row && parsed(row);
  }

  /** Newest first. */
  list(): IncidentRecord[] {
    return this.database.all<Row>('SELECT json FROM incidents ORDER BY number DESC').map(parsed);
  }

  /** Those whose evidence may still change. */
  withOpenEvidence(): IncidentRecord[] {
    return this.database.all<Row>("SELECT json FROM incidents WHERE json ->> 'frozenAt' IS NULL").map(parsed);
  }

  /** The incident of the release, whatever its state. */
  openFor(releaseId: string): IncidentRecord | undefined {
    const row = this.database.get<Row>('SELECT json FROM incidents WHERE release = ?', releaseId);
    return row && parsed(row);
  }
}
