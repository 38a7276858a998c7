import { join } from 'node:path';
import { connectGateway, type GatewayClient } from '@nightshift/gateway';
import { decodeRecord } from '../collect/decode.ts';
import type { Config } from '../config/schema.ts';
import type { Control } from '../control/control.ts';
import type { Log } from '../http/deps.ts';
import {
  createReleaseService,
  drivers,
  EventPruner,
  EventPump,
  EventRecords,
  ensureGateway,
  IncidentService,
  PROCESS_DEFAULTS,
  type ReleaseService,
} from '../respond/index.ts';
import type { NightshiftStore } from '../store/open.ts';
import type { Launcher } from './launcher.ts';

export interface Respond {
  readonly releases: ReleaseService;
  readonly incidents: IncidentService;
  /** The gateway as it is; every call on it rejects while there is none. */
  readonly gateway: GatewayClient;
  stop(): Promise<void>;
}

interface RespondParts {
  readonly config: Config;
  readonly dataDir: string;
  readonly control: Control;
  readonly store: NightshiftStore;
  readonly launcher: Launcher;
  readonly now: () => number;
  readonly log: Log;
}

const gatewayDirOf = (dataDir: string): string => join(dataDir, 'gateway');

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Joins releases, the gateway's events and incidents, and starts to listen to the gateway. */
export function startRespond({ config, dataDir, control, store, launcher, now, log }: RespondParts): Respond {
  const dir = gatewayDirOf(dataDir);
  const gateway = connectGateway(dir);
  const driver = drivers.process({
    ensure: () => ensureGateway({ dir, launcher: launcher('gateway', '--dir', dir) }),
    connection: () => gateway,
    defaults: {
      ...PROCESS_DEFAULTS,
      guard: config.guard,
      requestTimeoutMs: config.gateway.requestTimeout,
      replayBodyBytes: config.gateway.replayBodyBytes,
      drainMs: config.gateway.drain,
    },
  });
  const releases = createReleaseService({ releases: control.releases, driver, now });
  const incidents = new IncidentService({
    incidents: control.incidents,
    releases: control.releases,
    events: control.gatewayEvents,
    store,
    now,
    budgetSeconds: config.sla.minutesPerYear * 60,
    onError: (error) => log.warn({ error: reasonOf(error) }, 'some evidence could not be read'),
  });
  const pump = new EventPump({
    connection: () => gateway,
    events: control.gatewayEvents,
    records: new EventRecords({ releases: control.releases, events: control.gatewayEvents }),
    sink: { admit: (record) => store.admit(record, decodeRecord(record)) },
    consumers: [(event) => releases.applyEvent(event), (event) => incidents.onEvent(event)],
    onError: (what, error) => {
      // No gateway is no fault: it is started with the first release.
      if (what !== 'gateway') log.warn({ what, error: reasonOf(error) }, 'an event of the gateway waits');
    },
    waitMs: 2_000,
    maxPauseMs: 1_000,
  });
  const pruner = new EventPruner({
    events: control.gatewayEvents,
    incidents: control.incidents,
    releases: control.releases,
    service: incidents,
    keepMs: config.retention.gatewayEvents,
    now,
    onError: (error) => log.warn({ error: reasonOf(error) }, 'old events of the gateway could not be deleted'),
  });
  incidents.resume();
  pump.start();
  pruner.start();
  return {
    releases,
    incidents,
    gateway,
    stop: async () => {
      await pruner.stop();
      await pump.stop();
      await incidents.stop();
    },
  };
}
