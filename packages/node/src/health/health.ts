import type { Hub } from '../core/hub.ts';
import { json, notAllowed } from '../handlers/answers.ts';
import { createHandler, type Handler } from '../handlers/handler.ts';
import type { GaugeMeter } from '../metrics/meters.ts';
import { type CheckResult, type Checks, createRound } from './round.ts';
import { onSigterm } from './sigterm.ts';

export type { Check, Checks } from './round.ts';

export interface ReadyOptions {
  /** SIGTERM turns the answer to 503, so that a load balancer sends no more. Ends nothing that would not end anyhow. */
  readonly sigterm?: boolean;
}

export interface Health {
  /** 200 as long as the event loop turns: nothing else is a reason to kill a process. */
  live(): Handler;
  /** 200 unless the application is stopping or a check fails, else 503. Checks that are asked often run once a second. */
  ready(checks?: Checks, options?: ReadyOptions): Handler;
  /** From now on not ready: to be called before the server is closed. */
  stopping(): void;
}

export interface HealthBody {
  readonly status: 'ok' | 'failed' | 'stopping';
  readonly checks?: readonly CheckResult[];
}

export function createHealth(hub: Hub): Health {
  let isStopping = false;
  let gauge: GaugeMeter | undefined;
  const show = ({ name, outcome }: CheckResult) => {
    if (!hub.settings.enabled) return;
    gauge ??= hub.meters.gauge({
      name: 'health_check_up',
      help: 'Whether a check of readiness passed when it last ran.',
      labels: ['check'],
    });
    gauge.set([name], outcome === 'ok' ? 1 : 0);
  };
  const handler = (place: string, ask: () => Promise<HealthBody>) =>
    createHandler(hub.guard, place, async ({ method }) => {
      if (method !== 'GET' && method !== 'HEAD') return notAllowed('GET, HEAD');
      const body = await ask();
      return json(body.status === 'ok' ? 200 : 503, body);
    });
  return {
    live: () => handler('health.live', async () => ({ status: 'ok' })),
    ready(checks = {}, { sigterm = false } = {}) {
      const run = createRound(checks, (result) => hub.guard.run('health.show', () => show(result), undefined));
      if (sigterm) {
        onSigterm(() => {
          isStopping = true;
        });
      }
      return handler('health.ready', async () => {
        if (isStopping) return { status: 'stopping' };
        const results = await run();
        return { status: results.every(({ outcome }) => outcome === 'ok') ? 'ok' : 'failed', checks: results };
      });
    },
    stopping() {
      isStopping = true;
    },
  };
}
