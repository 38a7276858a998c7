import type { AppConfig, GatewayClient, ReleaseSpec } from '@nightshift/gateway';
import type { ReleaseRequest } from '../../api/api.ts';
import { NightshiftError } from '../../errors/catalogue.ts';
import type { ReleaseRecord } from '../repositories.ts';
import type { ReleaseDriver } from './release-driver.ts';

/** What an application gets unless its release asks otherwise. */
export type ProcessDefaults = Omit<AppConfig, 'service' | 'environment' | 'port'> & { readonly startTimeoutMs: number };

export const PROCESS_DEFAULTS: ProcessDefaults = {
  host: '127.0.0.1',
  failover: true,
  rollback: true,
  guard: {
    falseAlarmRate: 1e-6,
    toleratedErrorRatio: 0.005,
    slowFactor: 2,
    slowSlackMs: 50,
    promoteAfterRequests: 500,
    promoteAfterMs: 600_000,
  },
  requestTimeoutMs: 10_000,
  replayBodyBytes: 1 << 20,
  drainMs: 10_000,
  startTimeoutMs: 30_000,
};

export interface ProcessDriverOptions {
  /** Starts the gateway when there is none. */
  readonly ensure: () => Promise<GatewayClient>;
  /** The gateway as it is, never started for this. */
  readonly connection: () => GatewayClient;
  readonly defaults?: ProcessDefaults;
}

/** Runs the application behind Nightshift's own gateway on this machine. */
export function createProcessDriver({
  ensure,
  connection,
  defaults = PROCESS_DEFAULTS,
}: ProcessDriverOptions): ReleaseDriver {
  return {
    async start(release, request) {
      const gateway = await asked(ensure);
      await asked(() => gateway.putApp(appConfig(request, defaults)));
      const app = await asked(() => gateway.release(release.service, releaseSpec(release, request, defaults)));
      return { url: app.url };
    },
    async rollback(service, reason) {
      await asked(() => connection().rollback(service, reason));
    },
    async status() {
      try {
        return (await connection().status()).apps;
      } catch {
        return null;
      }
    },
  };
}

function appConfig(request: ReleaseRequest, { startTimeoutMs: _, ...defaults }: ProcessDefaults): AppConfig {
  return {
    ...defaults,
    service: request.service,
    environment: request.environment ?? 'production',
    port: request.port ?? 0,
    failover: request.failover ?? defaults.failover,
  };
}

function releaseSpec(release: ReleaseRecord, request: ReleaseRequest, defaults: ProcessDefaults): ReleaseSpec {
  return {
    id: release.id,
    version: release.version,
    revision: release.revision,
    dir: release.dir,
    command: release.command,
    env: request.env ?? {},
    healthPath: release.healthPath,
    startTimeoutMs: defaults.startTimeoutMs,
  };
}

/** The gateway's own refusals are conflicts to the caller; anything else means that it does not answer. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof NightshiftError) throw error;
    const { message, status } = error as Error & { status?: number };
    if (status !== undefined && status >= 400 && status < 500)
      throw new NightshiftError('CONFLICT', { reason: message });
    throw new NightshiftError('GATEWAY_DOWN', { reason: message });
  }
}
