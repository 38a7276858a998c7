import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { GatewayEvents } from '../control/gateway-events.ts';
import { RUNNING } from './fold-release-event.ts';
import type { IncidentService } from './incident-service.ts';
import type { IncidentRepository, ReleaseRepository } from './repositories.ts';

export interface EventPrunerOptions {
  readonly events: Pick<GatewayEvents, 'lastSeqBefore' | 'releases' | 'prune'>;
  readonly incidents: IncidentRepository;
  readonly releases: ReleaseRepository;
  readonly service: Pick<IncidentService, 'freezeOpenedBefore'>;
  /** Milliseconds after they were received for which events are kept in any case. */
  readonly keepMs: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const EVERY_MS = 60_000;
/** Between two steps while there is more to do: whoever else uses the database has its turn. */
const PAUSE_MS = 250;
/** Events of one step, which nothing else runs beside. */
const STEP = 500;
const OPEN_EVIDENCE_MS = 7 * 86_400_000;

/** What a release went through, some hundred bytes for each: kept as long as the release itself. */
const LIFE: readonly GatewayEvent['kind'][] = [
  'release.starting',
  'release.live',
  'release.promoted',
  'release.failed',
];
/** What tells, long after it happened, how a release that still runs went bad. */
const SIGNS: readonly GatewayEvent['kind'][] = [
  'exchange.failed',
  'guard.verdict',
  'guard.replay',
  'rollback.done',
  'rollback.withheld',
  'drained',
];

/**
 * Deletes events that nobody will read again, a few at a time. They are telemetry by then (traffic, log lines and traces)
 * or stand in the evidence of an incident. An incident that still gathers evidence keeps all events of its two releases;
 * so that this comes to an end, its evidence is frozen after a week.
 */
export class EventPruner {
  readonly #options: EventPrunerOptions;
  readonly #abort = new AbortController();
  #done: Promise<void> | undefined;

  constructor(options: EventPrunerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  /** True when there may be more to do. */
  step(): boolean {
    const { events, incidents, releases, service, keepMs, now } = this.#options;
    service.freezeOpenedBefore(now() - OPEN_EVIDENCE_MS);
    const held = new Set(
      incidents.withOpenEvidence().flatMap(({ release, goodRelease }) => [release.id, goodRelease?.id]),
    );
    const upTo = events.lastSeqBefore(now() - keepMs);
    let left = STEP;
    for (const id of events.releases()) {
      if (held.has(id)) continue;
      const release = releases.get(id);
      const mayGoBad = release && RUNNING.has(release.state) && !incidents.openFor(id);
      left -= events.prune(id, upTo, mayGoBad ? [...LIFE, ...SIGNS] : LIFE, left);
      if (left === 0) return true;
    }
    return false;
  }

  async #run(): Promise<void> {
    let pauseMs = EVERY_MS;
    for (;;) {
      await sleep(pauseMs, undefined, { signal: this.#abort.signal, ref: false }).catch(() => undefined);
      if (this.#abort.signal.aborted) return;
      try {
        pauseMs = this.step() ? PAUSE_MS : EVERY_MS;
      } catch (error) {
        this.#options.onError(error);
        pauseMs = EVERY_MS;
      }
    }
  }
}
