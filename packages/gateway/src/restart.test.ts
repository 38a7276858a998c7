import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectGateway, GatewayUnavailable } from './client.ts';
import { startGateway } from './gateway.ts';
import { killIfSame, processStartTime } from './process-identity.ts';
import type { SavedState } from './state-file.ts';
import {
  allEvents,
  appConfig,
  ask,
  eventOf,
  eventually,
  goLive,
  releaseSpec,
  type TestDirectory,
  testDirectory,
  withGoodVersion,
} from './testbed.ts';

let directory: TestDirectory;
let bundle: string;
let processes: ChildProcess[];

beforeEach(() => {
  directory = testDirectory();
  processes = [];
  bundle = join(directory.app, '..', 'gateway.mjs');
  const main = join(process.cwd(), 'packages/gateway/src/main.ts');
  const contents = `import { runGateway } from ${JSON.stringify(main)}; runGateway(process.argv[2]).then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
  buildSync({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
});

afterEach(async () => {
  for (const child of processes) await ended(child, 'SIGTERM');
  directory.remove();
});

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}

async function gatewayProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bundle, directory.dir], { stdio: ['ignore', 'inherit', 'pipe'] });
  processes.push(child);
  await eventually('the gateway answers', () =>
    connectGateway(directory.dir)
      .status()
      .then(
        (status) => status.pid === child.pid,
        () => false,
      ),
  );
  return child;
}

const saved = (): SavedState => JSON.parse(readFileSync(join(directory.dir, 'state.json'), 'utf8'));

describe('a gateway that was killed', () => {
  it('is restored with its port, its versions and its candidate; its orphans are gone, its events are not', async () => {
    const first = await gatewayProcess();
    const { client, app } = await withGoodVersion(directory, appConfig(), 300);
    await goLive(client, directory, 'v2', 'broken');
    const pids = (await client.status()).apps[0]!.versions.map((version) => version.pid!);
    expect(pids.length).toBe(2);
    const seen = (await allEvents(client)).filter((event) => event.kind === 'release.live').map((event) => event.seq);
    // It is a moment behind: killed before that, the new version would be started as a release once more.
    await eventually('that v2 is live is saved', () => saved().apps[0]?.live === 'v2');
    await ended(first, 'SIGKILL');
    await expect(client.status()).rejects.toBeInstanceOf(GatewayUnavailable);

    await gatewayProcess();
    for (const pid of pids) await eventually('an orphan is gone', () => processStartTime(pid) === null);
    expect((await client.status()).apps[0]).toMatchObject({ url: app.url, live: 'v2', lastGood: 'v1' });
    expect(
      (await allEvents(client)).filter((event) => event.kind === 'release.live').map((event) => event.seq),
    ).toEqual(seen);
    // Until the last good version is healthy again there is nothing to answer in the other's place.
    await eventually('both run', async () => (await ask(app.url, '/api')).status === 200);
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(app.url, '/api')));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    await eventually('the bad candidate is taken back', async () => {
      await ask(app.url, '/api');
      return (await client.status()).apps[0]!.live === 'v1';
    });
    const seqs = (await allEvents(client)).map((event) => event.seq);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it('rolls back with nobody listening, and tells later', async () => {
    await gatewayProcess();
    const { client, app } = await withGoodVersion(directory, appConfig(), 300);
    await client.release('shop', releaseSpec(directory, 'v2', 'broken'));
    await eventually('users are on v1 again after v2', async () => {
      await ask(app.url, '/api');
      const [status] = (await client.status()).apps;
      return (
        status!.live === 'v1' && status!.versions.some((version) => version.release === 'v2' && version.failures > 0)
      );
    });
    const done = await eventOf(client, 'rollback.done');
    await client.ack(done.seq);
    expect((await client.events(0)).every((event) => event.seq > done.seq)).toBe(true);
  });
});

describe('a gateway that is stopped', () => {
  it('finishes what is in flight, stops its versions, and leaves its directory to the next', async () => {
    const child = await gatewayProcess();
    const { client, app } = await withGoodVersion(directory, appConfig(), 5);
    const pid = (await client.status()).apps[0]!.versions[0]!.pid!;
    const slow = ask(app.url, '/slow');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ended(child, 'SIGTERM')).toBe(0);
    expect((await slow).body).toBe('slow but whole');
    expect(processStartTime(pid)).toBeNull();
    expect(existsSync(join(directory.dir, 'gateway.lock'))).toBe(false);
    await gatewayProcess();
    expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
    await client.stop();
    await eventually('it is gone', () =>
      client.status().then(
        () => false,
        () => true,
      ),
    );
  });
});

describe('memory', () => {
  it('does not grow with the size of an upload', async () => {
    const child = await gatewayProcess();
    const { app } = await withGoodVersion(directory, appConfig(), 5);
    const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
    const before = peakMb();
    const block = Buffer.alloc(1024 * 1024);
    const status = await new Promise((resolve, reject) => {
      const req = http.request(`${app.url}/upload`, { method: 'PUT', agent: false }, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode));
      });
      pipeline(Readable.from(Array(400).fill(block)), req).catch(reject);
    });
    expect(status).toBe(200);
    expect(peakMb() - before).toBeLessThan(120);
  });
});

describe('the directory', () => {
  it('is refused to a second gateway, which names the first', async () => {
    const child = await gatewayProcess();
    await expect(startGateway({ dir: directory.dir })).rejects.toThrow(
      `A gateway already runs in ${directory.dir} (pid ${child.pid})`,
    );
  });

  it('is taken over from a dead gateway, and from one whose pid is now another process', async () => {
    for (const lock of ['{"pid":999999,"startTime":"1"}', `{"pid":${process.pid},"startTime":"1"}`, 'garbage', '']) {
      rmSync(directory.dir, { recursive: true, force: true });
      await (await startGateway({ dir: directory.dir })).close();
      writeFileSync(join(directory.dir, 'gateway.lock'), lock);
      const gateway = await startGateway({ dir: directory.dir });
      expect(statSync(gateway.socketPath).mode & 0o777).toBe(0o600);
      await gateway.close();
    }
  });

  it('never makes it kill a process that only has the pid of a child of its predecessor', () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
    });
    processes.push(stranger);
    expect(killIfSame({ pid: stranger.pid!, startTime: '1' })).toBe(false);
    expect(processStartTime(stranger.pid!)).not.toBeNull();
    expect(killIfSame({ pid: stranger.pid!, startTime: processStartTime(stranger.pid!)! })).toBe(true);
  });
});

describe('a live version that is killed', () => {
  it('is covered by the last good one while it is started again', async () => {
    await gatewayProcess();
    const { client, app } = await withGoodVersion(directory, appConfig(), 50);
    await goLive(client, directory, 'v2', 'ok');
    process.kill(Number((await ask(app.url, '/pid')).body), 'SIGKILL');
    for (let i = 0; i < 3; i++) expect((await ask(app.url, '/api')).status).toBe(200);
    // Asking on while it is down would be evidence against it.
    await eventually(
      'v2 is back',
      async () =>
        (await allEvents(client)).filter((event) => event.kind === 'release.starting' && event.release === 'v2')
          .length === 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    await eventually('v2 answers again', async () => (await ask(app.url, '/api')).body === 'GET v2 ');
    expect(await eventOf(client, 'version.exited', 'v2')).toMatchObject({ signal: 'SIGKILL', restartInMs: 100 });
  });

  it('makes users wait for its restart where there is no other, and answers them', async () => {
    await gatewayProcess();
    const { client, app } = await withGoodVersion(directory, appConfig(), 5);
    process.kill(Number((await ask(app.url, '/pid')).body), 'SIGKILL');
    await eventOf(client, 'version.exited', 'v1');
    expect((await ask(app.url, '/api', { method: 'POST' }, 'kept')).body).toBe('POST v1 kept');
  });
});

describe('the control socket', () => {
  it.each([
    [
      'a field that is missing',
      { replayBodyBytes: undefined },
      '"replayBodyBytes" must be bytes of at least 0, got undefined.',
    ],
    ['a port that is none', { port: 70_000 }, '"port" must be a port from 0 to 65535, got 70000.'],
    [
      'a guard setting out of range',
      { guard: { ...appConfig().guard, falseAlarmRate: 2 } },
      '"guard.falseAlarmRate" must be a probability between 0 and 1, got 2.',
    ],
    ['a name it does not know', { failovr: true }, '"failovr" is not known.'],
  ])('refuses %s', async (_name, change, message) => {
    const gateway = await startGateway({ dir: directory.dir });
    const client = connectGateway(directory.dir);
    await expect(client.putApp({ ...appConfig(), ...change } as never)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    });
    await gateway.close();
  });

  it('answers 404 for an unknown application, 409 for a taken port, and removes what is deleted', async () => {
    const gateway = await startGateway({ dir: directory.dir });
    const client = connectGateway(directory.dir);
    await expect(client.rollback('nobody', 'x')).rejects.toMatchObject({ status: 404, code: 'unknown_service' });
    const first = await client.putApp(appConfig());
    const port = Number(new URL(first.url).port);
    expect((await client.putApp(appConfig())).url).toBe(first.url);
    await expect(client.putApp(appConfig({ service: 'other', port }))).rejects.toMatchObject({
      status: 409,
      code: 'port_unavailable',
    });
    await client.deleteApp('shop');
    expect((await client.status()).apps).toEqual([]);
    await gateway.close();
  });
});
