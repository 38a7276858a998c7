import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type Peer, startPeer } from '../../../conformance/peers/process.ts';
import { remoteWrite } from '../../../conformance/peers/remote-write.ts';
import { instantVector, type RunningServe, runServe } from './running-serve.ts';

const vmalert = '/usr/bin/vmalert';
const seconds = (count: number) => count * 1000;
const arrival = { timeout: seconds(20), interval: 200 };

const rules = {
  groups: [
    {
      name: 'rooms',
      interval: '1s',
      rules: [
        { record: 'floor:temperature:avg', expr: 'avg by (floor) (temperature)', labels: { source: 'vmalert' } },
        { record: 'floor:entries:rate1m', expr: 'sum by (floor) (rate(entries_total[1m]))' },
        {
          alert: 'TooHot',
          expr: 'temperature > 30',
          for: '2s',
          labels: { severity: 'page' },
          annotations: { summary: '{{ $labels.room }} has {{ $value }} degrees' },
        },
        { alert: 'HotForLong', expr: 'temperature > 30', for: '1h' },
        { alert: 'TooCold', expr: 'temperature < -30' },
      ],
    },
  ],
};

interface SentAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

/** Takes alerts as Alertmanager's API v2 does, and keeps them. */
async function startNotifier(): Promise<{ server: Server; url: string; alerts: SentAlert[] }> {
  const alerts: SentAlert[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.url?.endsWith('/api/v2/alerts')) alerts.push(...(JSON.parse(body) as SentAlert[]));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, alerts };
}

if (!existsSync(vmalert)) console.warn(`SKIPPED: a real vmalert is not tested, ${vmalert} is missing.`);

describe.skipIf(!existsSync(vmalert))('vmalert with Nightshift as its source and its memory', () => {
  let serve: RunningServe;
  let notifier: Awaited<ReturnType<typeof startNotifier>>;
  let running: Peer | undefined;
  let startedAt: number;

  const start = async (...more: string[]): Promise<Peer> => {
    const tokenFile = join(serve.dir, 'token');
    const ruleFile = join(serve.dir, 'rules.yaml');
    writeFileSync(tokenFile, serve.token, { mode: 0o600 });
    writeFileSync(ruleFile, JSON.stringify(rules));
    const address = `127.0.0.1:${await freePort()}`;
    running = await startPeer({
      name: 'vmalert',
      binary: vmalert,
      args: [
        `-rule=${ruleFile}`,
        `-httpListenAddr=${address}`,
        `-datasource.url=${serve.peer.url}`,
        `-datasource.bearerTokenFile=${tokenFile}`,
        `-remoteWrite.url=${serve.peer.url}`,
        `-remoteWrite.bearerTokenFile=${tokenFile}`,
        '-remoteWrite.flushInterval=500ms',
        `-notifier.url=${notifier.url}`,
        ...more,
      ],
      url: `http://${address}`,
      readyPath: '/health',
    });
    return running;
  };

  const restoring = () => [
    `-remoteRead.url=${serve.peer.url}`,
    `-remoteRead.bearerTokenFile=${join(serve.dir, 'token')}`,
    '-remoteRead.ignoreRestoreErrors=false',
  ];

  beforeAll(async () => {
    serve = await runServe();
    notifier = await startNotifier();
    const now = Date.now();
    const gauge = (labels: Record<string, string>, value: number) => ({
      labels: new Map(Object.entries({ __name__: 'temperature', ...labels })),
      samples: [{ timestamp: now, value }],
    });
    await remoteWrite(serve.peer, [
      gauge({ floor: '1', room: 'kitchen' }, 35.5),
      gauge({ floor: '1', room: 'office' }, 20),
      gauge({ floor: '2', room: 'cellar' }, 12),
      {
        labels: new Map(Object.entries({ __name__: 'entries_total', floor: '1' })),
        // Two a second, also for the next minutes: rates are then the same whenever they are taken.
        samples: Array.from({ length: 60 }, (_, i) => ({ timestamp: now + seconds(10 * (i - 20)), value: i * 20 })),
      },
    ]);
    startedAt = Date.now() / 1000;
    await start();
  }, seconds(120));

  afterAll(async () => {
    await running?.stop();
    notifier?.server.close();
    notifier?.server.closeAllConnections();
    await serve?.stop();
  }, seconds(60));

  it('records what its expressions give', async () => {
    const read = async (query: string) =>
      (await instantVector(serve.peer, query)).map(({ metric, value }) => [metric, Number(value[1])]);
    await expect
      .poll(() => read('floor:temperature:avg'), arrival)
      .toEqual([
        [{ __name__: 'floor:temperature:avg', floor: '1', source: 'vmalert' }, 27.75],
        [{ __name__: 'floor:temperature:avg', floor: '2', source: 'vmalert' }, 12],
      ]);
    const rate = { __name__: 'floor:entries:rate1m', floor: '1' };
    await expect.poll(() => read('floor:entries:rate1m'), arrival).toEqual([[rate, expect.closeTo(2, 9)]]);
  });

  it('writes alerts back, first pending, then firing', async () => {
    const alert = { __name__: 'ALERTS', alertgroup: 'rooms', floor: '1', room: 'kitchen' };
    const firing = { ...alert, alertname: 'TooHot', alertstate: 'firing', severity: 'page' };
    const states = async (selector: string) => (await instantVector(serve.peer, selector)).map(({ metric }) => metric);
    await expect.poll(() => states('ALERTS{alertname="TooHot",alertstate="firing"}'), arrival).toEqual([firing]);
    const pending = await states('last_over_time(ALERTS{alertname="TooHot",alertstate="pending"}[1m])');
    expect(pending).toEqual([{ ...firing, alertstate: 'pending' }]);
    expect(await states('ALERTS{alertname="HotForLong"}')).toEqual([
      { ...alert, alertname: 'HotForLong', alertstate: 'pending' },
    ]);
    expect(await states('ALERTS{alertname="TooCold"}')).toEqual([]);
    await expect.poll(() => notifier.alerts.length, arrival).toBeGreaterThan(0);
    expect(notifier.alerts[0]).toMatchObject({
      labels: { alertname: 'TooHot', room: 'kitchen', severity: 'page' },
      annotations: { summary: 'kitchen has 35.5 degrees' },
    });
  });

  it('finds the state of its alerts again after a restart', async () => {
    const activeSince = async () => {
      const query = 'last_over_time(ALERTS_FOR_STATE{alertname="HotForLong"}[5m])';
      return (await instantVector(serve.peer, query)).map(({ value }) => Number(value[1]));
    };
    const [before] = await activeSince();
    expect(before).toBeGreaterThanOrEqual(Math.floor(startedAt));
    await running?.stop();
    // So that a state that was not restored would be seen to begin later.
    await sleep(seconds(3));
    const restartedAt = Date.now() / 1000;
    const again = await start(...restoring());
    const query = `count_over_time(ALERTS_FOR_STATE{alertname="HotForLong"}[${Math.ceil(Date.now() / 1000 - restartedAt) + 1}s]) > 0`;
    await expect.poll(() => instantVector(serve.peer, query), arrival).toHaveLength(1);
    expect(await activeSince()).toEqual([before]);
    const { data } = (await (await fetch(`${again.url}/api/v1/alerts`)).json()) as {
      data: { alerts: { name: string; activeAt: string }[] };
    };
    const restored = data.alerts.find(({ name }) => name === 'HotForLong');
    expect(Math.floor(Date.parse(restored?.activeAt ?? '') / 1000)).toBe(before);
  });

  it('has nothing to complain about', async () => {
    const output = running?.output() ?? '';
    expect(output).not.toMatch(/\t(warn|error|fatal)\t/);
    const { data } = (await (await fetch(`${running?.url}/api/v1/rules`)).json()) as {
      data: { groups: { rules: { name: string; health: string; lastError: string }[] }[] };
    };
    const results = data.groups.flatMap((group) => group.rules.map(({ health, lastError }) => [health, lastError]));
    expect(results).toEqual(rules.groups[0]?.rules.map(() => ['ok', '']));
  });
});
