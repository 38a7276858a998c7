/**
 * What respond keeps. The control database implements these; calls are synchronous because SQLite in WAL mode answers in
 * microseconds and a release must never be half stored.
 */
import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { IncidentRecord } from '../control/incidents.ts';
import type { ReleaseRecord } from '../control/releases.ts';
import type { TrafficEvent } from '../control/traffic-sum.ts';

export type { IncidentRecord, ReleaseRecord };

export interface ReleaseRepository {
  insert(release: ReleaseRecord): void;
  update(release: ReleaseRecord): void;
  get(id: string): ReleaseRecord | undefined;
  /** Newest first. */
  list(): ReleaseRecord[];
  /** Newest first. */
  byService(service: string): ReleaseRecord[];
}

export interface IncidentRepository {
  /** Gives the next id, `INC-n` from 1. At most one per `release.id`: a second one is an error. */
  create(incident: Omit<IncidentRecord, 'id'>): IncidentRecord;
  update(incident: IncidentRecord): void;
  get(id: string): IncidentRecord | undefined;
  /** Newest first. */
  list(): IncidentRecord[];
  /** Those whose evidence may still change. */
  withOpenEvidence(): IncidentRecord[];
  /** The incident of the release, whatever its state. */
  openFor(releaseId: string): IncidentRecord | undefined;
}

export interface EventRepository {
  /** Stores those whose `seq` is new, durably before it returns; the answer is how many were. */
  append(events: readonly GatewayEvent[]): number;
  /** Ascending seq. */
  forRelease(releaseId: string): GatewayEvent[];
  /** Highest stored seq, 0 for none. */
  lastSeq(): number;
  /** Stored but not yet marked delivered, ascending seq. */
  undelivered(limit: number): GatewayEvent[];
  markDelivered(upToSeq: number): void;
  /** What the traffic events that are no longer stored add up to; see `GatewayEvents`. */
  prunedTraffic(releaseId: string): TrafficEvent | undefined;
}
