import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { ControlDatabase } from './database.ts';
import { sumOfTraffic, type TrafficEvent } from './traffic-sum.ts';

interface Row extends Record<string, string | number | null> {
  json: string;
}

const parsed = ({ json }: Row): GatewayEvent => JSON.parse(json) as GatewayEvent;

/** This machine's gateway; sequence numbers are unique within one. */
const gateway = 'local';

/** What the gateway reported, and how far it was carried on. */
export class GatewayEvents {
  constructor(
    private readonly database: ControlDatabase,
    private readonly now: () => number,
  ) {}

  /** Stores those that are new, all or none, durably before it returns; the answer is how many were. */
  append(events: readonly GatewayEvent[]): number {
    return this.database.transaction(() => {
      let added = 0;
      for (const event of events) {
        added += this.database.run(
          'INSERT OR IGNORE INTO gateway_events (gateway, seq, kind, service, release, at, received_at, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          gateway,
          event.seq,
          event.kind,
          event.service,
          event.release,
          event.at,
          this.now(),
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

  /** Of the newest event that was stored before that time (Unix milliseconds), 0 for none. */
  lastSeqBefore(receivedBefore: number): number {
    const row = this.database.get<{ seq: number }>(
      'SELECT seq FROM gateway_events WHERE received_at < ? ORDER BY received_at DESC, seq DESC LIMIT 1',
      receivedBefore,
    );
    return row?.seq ?? 0;
  }

  /** Ids of the releases of which there are events, one look-up each. */
  releases(): string[] {
    return this.database
      .all<{ release: string }>(
        `WITH RECURSIVE known (release) AS (
           SELECT min(release) FROM gateway_events
           UNION ALL SELECT (SELECT min(release) FROM gateway_events WHERE release > known.release) FROM known
           WHERE known.release IS NOT NULL
         ) SELECT release FROM known WHERE release IS NOT NULL`,
      )
      .map(({ release }) => release);
  }

  /**
   * Deletes the oldest events of a release that were delivered, up to that seq, and at most so many; the answer is how
   * many. What their traffic adds up to stays. The newest event of all stays, since the next ones are asked for behind it.
   */
  prune(release: string, upToSeq: number, keep: readonly GatewayEvent['kind'][], limit: number): number {
    return this.database.transaction(() => {
      const rows = this.database.all<{ seq: number; traffic: string | null }>(
        `SELECT seq, CASE kind WHEN 'traffic' THEN json END AS traffic FROM gateway_events
         WHERE release = ? AND seq <= ? AND seq < ? AND delivered = 1 AND kind NOT IN (${keep.map(() => '?').join(', ')})
         ORDER BY seq LIMIT ?`,
        release,
        upToSeq,
        this.lastSeq(),
        ...keep,
        limit,
      );
      const traffic = rows.flatMap((row) => (row.traffic === null ? [] : [JSON.parse(row.traffic) as TrafficEvent]));
      if (traffic.length > 0) this.#addTraffic(release, traffic);
      for (const { seq } of rows) {
        this.database.run('DELETE FROM gateway_events WHERE gateway = ? AND seq = ?', gateway, seq);
      }
      return rows.length;
    });
  }

  /** What the pruned traffic of a release adds up to, in the place of the last of it. */
  prunedTraffic(release: string): TrafficEvent | undefined {
    const row = this.database.get<Row>(
      'SELECT json FROM gateway_traffic WHERE gateway = ? AND release = ?',
      gateway,
      release,
    );
    return row && (JSON.parse(row.json) as TrafficEvent);
  }

  #addTraffic(release: string, traffic: readonly TrafficEvent[]): void {
    const before = this.prunedTraffic(release);
    const sum = (before ? [before, ...traffic] : traffic).reduce(sumOfTraffic);
    this.database.run('INSERT OR REPLACE INTO gateway_traffic VALUES (?, ?, ?)', gateway, release, JSON.stringify(sum));
  }
}
