import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../conformance/peers/process.ts';
import { counterFaults, pointsOf, startCounterTarget } from './counter-target.ts';
import {
  agentMetric,
  ingestToken,
  type RunningProcess,
  type RunningServe,
  startAgent,
  startServe,
} from './processes.ts';

export interface KillRun {
  readonly entry: string;
  readonly dir: string;
  readonly seconds: number;
  readonly intervalMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly say?: (line: string) => void;
}

export interface KillResult {
  readonly agentKills: number;
  readonly serveKills: number;
  /** Values that the target has shown, and samples that the store has of them. */
  readonly shown: number;
  readonly stored: number;
  /** Values that were being scraped when the agent died. */
  readonly cut: number;
  readonly faults: readonly string[];
}

/** Kills the agent and the service at random moments while a counter is scraped, and looks what is in the store in the end. */
export async function killAtRandom(options: KillRun): Promise<KillResult> {
  const { entry, dir, seconds, intervalMs, random, say = () => {} } = options;
  const target = await startCounterTarget(20);
  const port = await freePort();
  const dataDir = join(dir, 'serve');
  let serve: RunningServe = await startServe(entry, dataDir, port);
  const config = {
    global: { scrape_interval: `${intervalMs}ms`, scrape_timeout: `${intervalMs}ms` },
    scrape_configs: [{ job_name: 'kill', static_configs: [{ targets: [target.address] }] }],
    remote_write: [
      {
        url: `${serve.url}/api/v1/write`,
        authorization: { credentials: await ingestToken(serve) },
        queue_config: { batch_send_deadline: '100ms', max_backoff: '500ms' },
      },
    ],
  };
  const start = (): Promise<RunningProcess> => startAgent({ entry, dir: join(dir, 'agent'), config });
  let agent = await start();
  const cut = new Set<number>();
  let agentKills = 0;
  let serveKills = 0;
  try {
    const endsAt = Date.now() + seconds * 1000;
    while (Date.now() < endsAt) {
      await sleep(300 + random() * 2500);
      if (random() < 0.6) {
        const first = target.shown();
        await agent.kill();
        // A request that it had sent may still arrive.
        await sleep(50);
        for (let value = first; value <= target.shown(); value++) cut.add(value);
        agentKills++;
        agent = await start();
      } else {
        await serve.kill();
        serveKills++;
        await sleep(random() * 1000);
        serve = await startServe(entry, dataDir, port);
      }
      say(`${agentKills} kills of the agent, ${serveKills} of serve, counter at ${target.shown()}`);
    }
    const last = target.shown() - 1;
    const api = { url: serve.url, headers: serve.headers };
    // Until what was scraped last is there, or does not come.
    for (let waited = 0; waited < 30_000; waited += 250) {
      const points = await pointsOf(api, 'ticks_total{job="kill"}');
      if ((points.at(-1)?.value ?? 0) > last && (await agentMetric(agent, 'nightshift_agent_spool_records')) < 5) break;
      await sleep(250);
    }
    const points = await pointsOf(api, 'ticks_total{job="kill"}');
    const up = await pointsOf(api, 'up{job="kill"}');
    const until = points.filter(({ value }) => value <= last);
    const stored = until.length;
    return { agentKills, serveKills, shown: last, stored, cut: cut.size, faults: counterFaults(until, last, cut, up) };
  } finally {
    await agent.stop();
    await serve.stop();
    target.close();
  }
}
