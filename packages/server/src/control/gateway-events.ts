import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { ControlDatabase } from './database.ts';

interface Row extends Record<string, string | number | null> {
  json: string;
}

const parsed = ({ json }: Row): GatewayEvent => JSON.parse(json) as GatewayEvent;

/** This machine's gateway; sequence numbers are unique within one. */
const gateway = 'local';

/** What the gateway reported, and how far it was carried on. */
export class GatewayEvents {
  constructor(private readonly database: ControlDatabase) {}

  /** Stores those that are new, all or none, durably before it returns; the answer is how many were. */
  append(events: readonly GatewayEvent[]): number {
    return this.database.transaction(() => {
      let added = 0;
      for (const event of events) {
        added += this.database.run(
          'INSERT OR IGNORE INTO gateway_events (gateway, seq, kind, service, release, at, json) VALUES (?, ?, ?, ?, ?, ?, ?)',
          gateway,
          event.seq,
          event.kind,
          event.service,
          event.release,
          event.at,
          JSON.stringify(event),
        );
      }
      return added;
    });
  }

  /** Events of a release by sequence number. */
  forRelease(release: string): GatewayEvent[] {
    return this.database
      .all<Row>('SELECT json FROM gateway_events WHERE release = ? ORDER BY seq', release)
      .map(parsed);
  }

  /** Greatest sequence number stored, 0 for none. */
  lastSeq(): number {
    return this.database.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM gateway_events')?.seq ?? 0;
  }

  /** Stored but not yet marked delivered, by sequence number. */
  undelivered(limit: number): GatewayEvent[] {
    return this.database
      .all<Row>('SELECT json FROM gateway_events WHERE delivered = 0 ORDER BY seq LIMIT ?', limit)
      .map(parsed);
  }

  markDelivered(upToSeq: number): void {
    this.database.run('UPDATE gateway_events SET delivered = 1 WHERE delivered = 0 AND seq <= ?', upToSeq);
  }
}
