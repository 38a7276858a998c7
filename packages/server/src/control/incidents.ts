import type { Incident, IncidentSummary } from '../http/api.ts';
import type { ControlDatabase } from './database.ts';

const summaryOf = (incident: Incident): IncidentSummary => ({
  id: incident.id,
  title: incident.title,
  service: incident.service,
  environment: incident.environment,
  state: incident.state,
  openedAt: incident.openedAt,
  mitigatedAt: incident.mitigatedAt,
  impact: incident.impact,
  badVersion: incident.badVersion,
  goodVersion: incident.goodVersion,
});

/** Incidents as documents; the summary stands apart, so that a list does not read the evidence. */
export class Incidents {
  constructor(private readonly database: ControlDatabase) {}

  /** Gives the incident its id: `INC-1`, `INC-2`, … */
  create(incident: Omit<Incident, 'id'>): Incident {
    return this.database.transaction(() => {
      const next = this.database.get<{ n: number }>(
        "SELECT seq + 1 AS n FROM sqlite_sequence WHERE name = 'incidents'",
      );
      const stored: Incident = { ...incident, id: `INC-${next?.n ?? 1}` };
      this.database.run(
        'INSERT INTO incidents (id, service, state, opened_at, summary, json) VALUES (?, ?, ?, ?, ?, ?)',
        stored.id,
        stored.service,
        stored.state,
        stored.openedAt,
        JSON.stringify(summaryOf(stored)),
        JSON.stringify(stored),
      );
      return stored;
    });
  }

  get(id: string): Incident | null {
    const row = this.database.get<{ json: string }>('SELECT json FROM incidents WHERE id = ?', id);
    return row ? (JSON.parse(row.json) as Incident) : null;
  }

  /** Newest first. */
  list(): IncidentSummary[] {
    const rows = this.database.all<{ summary: string }>('SELECT summary FROM incidents ORDER BY number DESC');
    return rows.map(({ summary }) => JSON.parse(summary) as IncidentSummary);
  }

  /** The newest incident of the service that is neither resolved nor reviewed. */
  open(service: string): IncidentSummary | null {
    const row = this.database.get<{ summary: string }>(
      `SELECT summary FROM incidents WHERE service = ? AND state IN ('opened', 'acknowledged', 'mitigated')
       ORDER BY number DESC LIMIT 1`,
      service,
    );
    return row ? (JSON.parse(row.summary) as IncidentSummary) : null;
  }

  /** Replaces the document by what `change` makes of it, in one transaction; null for no such incident. */
  update(id: string, change: (incident: Incident) => Incident): Incident | null {
    return this.database.transaction(() => {
      const before = this.get(id);
      if (!before) return null;
      const after: Incident = { ...change(before), id };
      this.database.run(
        'UPDATE incidents SET service = ?, state = ?, opened_at = ?, summary = ?, json = ? WHERE id = ?',
        after.service,
        after.state,
        after.openedAt,
        JSON.stringify(summaryOf(after)),
        JSON.stringify(after),
        id,
      );
      return after;
    });
  }
}
