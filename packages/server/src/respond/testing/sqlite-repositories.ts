import type { GatewayEvent } from '@nightshift/gateway/protocol';
import Database from 'libsql';
import type {
  EventRepository,
  IncidentRecord,
  IncidentRepository,
  ReleaseRecord,
  ReleaseRepository,
} from '../repositories.ts';

export interface Repositories {
  readonly releases: ReleaseRepository;
  readonly incidents: IncidentRepository;
  readonly events: EventRepository;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS releases (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, service TEXT, json TEXT);
  CREATE TABLE IF NOT EXISTS incidents (number INTEGER PRIMARY KEY AUTOINCREMENT, release TEXT UNIQUE, json TEXT);
  CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, release TEXT, json TEXT, delivered INTEGER NOT NULL DEFAULT 0);
`;

/** Small real repositories for tests; `path` of a file survives a reopening. */
export function openRepositories(path = ':memory:'): Repositories {
  const db = new Database(path);
  db.exec(SCHEMA);
  const all = <T>(sql: string, ...values: unknown[]) =>
    (db.prepare(sql).all(...values) as { json: string }[]).map(({ json }) => JSON.parse(json) as T);
  const run = (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values).changes;
  return {
    releases: releasesOf(all, run),
    incidents: incidentsOf(all, run, db),
    events: eventsOf(all, run, db),
    close: () => db.close(),
  };
}

type All = <T>(sql: string, ...values: unknown[]) => T[];
type Run = (sql: string, ...values: unknown[]) => number;

function releasesOf(all: All, run: Run): ReleaseRepository {
  return {
    insert: (r) =>
      void run('INSERT INTO releases (id, service, json) VALUES (?, ?, ?)', r.id, r.service, JSON.stringify(r)),
    update: (r) => void run('UPDATE releases SET json = ? WHERE id = ?', JSON.stringify(r), r.id),
    get: (id) => all<ReleaseRecord>('SELECT json FROM releases WHERE id = ?', id)[0],
    list: () => all('SELECT json FROM releases ORDER BY number DESC'),
    byService: (service) => all('SELECT json FROM releases WHERE service = ? ORDER BY number DESC', service),
  };
}

function incidentsOf(all: All, run: Run, db: Database.Database): IncidentRepository {
  return {
    create(incident) {
      const { lastInsertRowid } = db
        .prepare("INSERT INTO incidents (release, json) VALUES (?, '')")
        .run(incident.release.id);
      const record: IncidentRecord = { ...incident, id: `INC-${lastInsertRowid}` };
      run('UPDATE incidents SET json = ? WHERE number = ?', JSON.stringify(record), lastInsertRowid);
      return record;
    },
    update: (i) => void run('UPDATE incidents SET json = ? WHERE release = ?', JSON.stringify(i), i.release.id),
    get: (id) => all<IncidentRecord>("SELECT json FROM incidents WHERE json ->> 'id' = ?", id)[0],
    list: () => all('SELECT json FROM incidents ORDER BY number DESC'),
    openFor: (release) => all<IncidentRecord>('SELECT json FROM incidents WHERE release = ?', release)[0],
  };
}

function eventsOf(all: All, run: Run, db: Database.Database): EventRepository {
  const insert = 'INSERT OR IGNORE INTO events (seq, release, json) VALUES (?, ?, ?)';
  return {
    append(events) {
      const store = db.transaction((list: readonly GatewayEvent[]) =>
        list.reduce((n, event) => n + run(insert, event.seq, event.release, JSON.stringify(event)), 0),
      );
      return store(events) as number;
    },
    forRelease: (release) => all('SELECT json FROM events WHERE release = ? ORDER BY seq', release),
    lastSeq: () => (db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events').get() as { seq: number }).seq,
    undelivered: (limit) => all('SELECT json FROM events WHERE delivered = 0 ORDER BY seq LIMIT ?', limit),
    markDelivered: (upTo) => void run('UPDATE events SET delivered = 1 WHERE delivered = 0 AND seq <= ?', upTo),
  };
}
