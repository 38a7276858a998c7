import { ControlDatabase, migrate } from '../../control/database.ts';
import { GatewayEvents } from '../../control/gateway-events.ts';
import { Incidents } from '../../control/incidents.ts';
import { Releases } from '../../control/releases.ts';

export interface Repositories {
  readonly releases: Releases;
  readonly incidents: Incidents;
  readonly events: GatewayEvents;
  close(): void;
}

/** Those of a control database without its users; the file survives a reopening. `now` is when events are received. */
export function openRepositories(path: string, now: () => number = Date.now): Repositories {
  const database = new ControlDatabase(path);
  migrate(database);
  return {
    releases: new Releases(database),
    incidents: new Incidents(database),
    events: new GatewayEvents(database, now),
    close: () => database.close(),
  };
}
