import { randomBytes } from 'node:crypto';
import type { AppStatus, GatewayEvent } from '@nightshift/gateway/protocol';
import type { Release, ReleaseRequest } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { ReleaseDriver } from './drivers/index.ts';
import { foldReleaseEvent } from './fold-release-event.ts';
import { checkReleaseRequest } from './release-request.ts';
import type { ReleaseRecord, ReleaseRepository } from './repositories.ts';

export interface ReleaseService {
  /** Stores the release and has it started; events tell how it goes. `by` is the name of who asked. */
  start(request: ReleaseRequest, by: string): Promise<Release>;
  /** Newest first, of one service or of all. */
  list(service?: string): Promise<Release[]>;
  get(id: string): Promise<Release>;
  /** Answers the release that is taken back, as it stands; `rollback.done` tells when it is. */
  rollback(service: string, reason: string): Promise<Release>;
  /** Folds an event into every release of its service. The same event again changes nothing. */
  applyEvent(event: GatewayEvent): void;
}

export interface ReleaseServiceOptions {
  readonly releases: ReleaseRepository;
  readonly driver: ReleaseDriver;
  readonly now: () => number;
}

const LIVE = new Set<Release['state']>(['live', 'good', 'bad']);

export function createReleaseService({ releases, driver, now }: ReleaseServiceOptions): ReleaseService {
  const withGateway = async (records: readonly ReleaseRecord[]): Promise<Release[]> => {
    const apps = await driver.status();
    return records.map((record) => joinStatus(record, apps));
  };

  const start = async (request: ReleaseRequest, by: string): Promise<Release> => {
    checkReleaseRequest(request);
    const current = releases.byService(request.service).find(({ state }) => LIVE.has(state) || state === 'starting');
    if (current && current.version === request.version) {
      throw new NightshiftError('CONFLICT', {
        reason: `\`version\` "${request.version}" of ${request.service} is ${current.state === 'starting' ? 'starting' : 'live'} already.`,
      });
    }
    const release = newRelease(request, by, now());
    releases.insert(release);
    try {
      const { url } = await driver.start(release, request);
      // Events may have moved the release on while the driver answered.
      releases.update({ ...(releases.get(release.id) ?? release), url });
    } catch (error) {
      releases.update({ ...release, state: 'failed', stateReason: (error as Error).message, endedAt: now() });
      throw error;
    }
    return (await withGateway([releases.get(release.id) ?? release]))[0]!;
  };

  return {
    start,
    list: (service) => withGateway(service === undefined ? releases.list() : releases.byService(service)),
    async get(id) {
      const record = releases.get(id);
      if (!record) throw new NightshiftError('NOT_FOUND', { what: `release \`${id}\`` });
      return (await withGateway([record]))[0]!;
    },
    async rollback(service, reason) {
      const live = releases.byService(service).find(({ state }) => LIVE.has(state));
      if (!live) throw new NightshiftError('NOT_FOUND', { what: `live release of \`${service}\`` });
      await driver.rollback(service, reason);
      return (await withGateway([releases.get(live.id) ?? live]))[0]!;
    },
    applyEvent(event) {
      for (const before of releases.byService(event.service)) {
        const after = foldReleaseEvent(before, event);
        if (after !== before) releases.update(after);
      }
    },
  };
}

function newRelease(request: ReleaseRequest, by: string, at: number): ReleaseRecord {
  return {
    id: `rel-${at.toString(36)}-${randomBytes(4).toString('hex')}`,
    service: request.service,
    environment: request.environment ?? 'production',
    version: request.version,
    revision: request.revision ?? '',
    driver: 'process',
    dir: request.dir,
    command: [...request.command],
    state: 'starting',
    stateReason: '',
    createdAt: at,
    createdBy: by,
    liveAt: null,
    endedAt: null,
    url: null,
    gateway: null,
    verdict: null,
    healthPath: request.healthPath ?? '/',
    failover: request.failover ?? true,
  };
}

function joinStatus(record: ReleaseRecord, apps: readonly AppStatus[] | null): Release {
  const app = apps?.find(({ service }) => service === record.service);
  const version = app?.versions.find(({ release }) => release === record.id);
  if (!app || !version) return { ...record, gateway: null };
  const { state, pid, requests, failures } = version;
  return { ...record, url: app.url, gateway: { state, pid, requests, failures } };
}
