import type { AppStatus } from '@nightshift/gateway/protocol';
import type { ReleaseRequest } from '../../api/api.ts';
import type { ReleaseRecord } from '../repositories.ts';

/** Can start a version and take one back. Every call rejects with a NightshiftError that says what is in the way. */
export interface ReleaseDriver {
  /** Resolves when the start was accepted, not when the version is live: events tell that. */
  start(release: ReleaseRecord, request: ReleaseRequest): Promise<{ url: string | null }>;
  rollback(service: string, reason: string): Promise<void>;
  /** What runs now, by service; null where that cannot be asked. */
  status(): Promise<readonly AppStatus[] | null>;
}
