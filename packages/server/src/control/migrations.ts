export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** In order; the number is the position from 1. One that was released is never edited: its checksum is kept. */
export const migrations: readonly Migration[] = [
  {
    name: 'people, tokens, releases, incidents, gateway events, settings',
    sql: `
CREATE TABLE users (
  name TEXT PRIMARY KEY,
  password TEXT NOT NULL,
  rights TEXT NOT NULL,
  must_change INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  rights TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT;
CREATE TABLE releases (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX releases_service ON releases (service, number);
CREATE TABLE incidents (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  release TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_service ON incidents (service, state);
CREATE TABLE gateway_events (
  gateway TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  release TEXT NOT NULL,
  at INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  json TEXT NOT NULL,
  PRIMARY KEY (gateway, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_events_release ON gateway_events (release, seq);
CREATE INDEX gateway_events_undelivered ON gateway_events (seq) WHERE delivered = 0;
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  json TEXT NOT NULL
) STRICT;
`,
  },
  {
    name: 'age of gateway events, sums of the traffic that was pruned',
    sql: `
ALTER TABLE gateway_events ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX gateway_events_received ON gateway_events (received_at, seq);
CREATE TABLE gateway_traffic (
  gateway TEXT NOT NULL,
  release TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (gateway, release)
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_open_evidence ON incidents (number) WHERE json ->> 'frozenAt' IS NULL;
`,
  },
];
