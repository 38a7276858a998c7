import { join } from 'node:path';
import { ControlDatabase, migrate } from './database.ts';
import { GatewayEvents } from './gateway-events.ts';
import { Incidents } from './incidents.ts';
import { Releases } from './releases.ts';
import { Sessions } from './sessions.ts';
import { Settings } from './settings.ts';
import { Tokens } from './tokens.ts';
import { Users } from './users.ts';

export interface Control {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly releases: Releases;
  readonly incidents: Incidents;
  readonly gatewayEvents: GatewayEvents;
  readonly settings: Settings;
  /** The one-time password of `admin` on the very first start, else null. It is nowhere else. */
  readonly firstPassword: string | null;
  /** May be called twice. */
  close(): void;
}

/** Opens `control.db` in the data directory, which must exist and be locked by this process (see lockDataDir). */
export function openControl(dataDir: string, { now }: { now: () => number }): Control {
  const database = new ControlDatabase(join(dataDir, 'control.db'));
  try {
    migrate(database);
    const users = new Users(database, now);
    return {
      users,
      sessions: new Sessions(database, now),
      tokens: new Tokens(database, now),
      releases: new Releases(database),
      incidents: new Incidents(database),
      gatewayEvents: new GatewayEvents(database, now),
      settings: new Settings(database),
      firstPassword: users.createFirst(),
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
