import type { Scraper } from '@nightshift/server/collect';
import type { Destinations } from '../destinations.ts';

/** What the agent's pages are made of. */
export interface AgentState {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly scraped: { results: number; samples: number; bytes: number };
  reloaded: { ok: boolean; at: number };
  readonly destinations: Destinations;
  readonly scraper: Scraper;
}
