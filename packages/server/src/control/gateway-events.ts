import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { ControlDatabase } from './database.ts';

/** What gateways reported. A sequence number is unique within one gateway; ours is `local`. */
export class GatewayEvents {
  constructor(private readonly database: ControlDatabase) {}

  /** Stores all or none; one that is known already is left as it is. Returns those that were new, in order. */
  append(events: readonly GatewayEvent[], gateway = 'local'): GatewayEvent[] {
    if (events.length === 0) return [];
    return this.database.transaction(() =>
      events.filter(
        (event) =>
          this.database.run(
            'INSERT OR IGNORE INTO gateway_events VALUES (?, ?, ?, ?, ?, ?, ?)',
            gateway,
            event.seq,
            event.kind,
            event.service,
            event.release,
            event.at,
            JSON.stringify(event),
          ) > 0,
      ),
    );
  }

  /** Events of a release by sequence number. */
  forRelease(release: string): GatewayEvent[] {
    const rows = this.database.all<{ json: string }>(
      'SELECT json FROM gateway_events WHERE release = ? ORDER BY seq',
      release,
    );
    return rows.map(({ json }) => JSON.parse(json) as GatewayEvent);
  }

  /** Greatest sequence number stored, 0 for none. */
  lastSeq(gateway = 'local'): number {
    const row = this.database.get<{ seq: number | null }>(
      'SELECT max(seq) AS seq FROM gateway_events WHERE gateway = ?',
      gateway,
    );
    return row?.seq ?? 0;
  }
}
