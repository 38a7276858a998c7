/**
 * What does the agent cost, beside vmagent and Prometheus in agent mode? `npm run bench -- agent [SECONDS]` lets all three
 * scrape the same 100 targets of 1,000 series each every 15 s and forward them to a receiver that reads and forgets, and
 * measures anonymous memory and processor time once they have settled. Writes bench/results/agent.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { anonymousMb, cpuSeconds } from './agent/processes.ts';
import { type ReceiverCounts, startReceiver } from './agent/receiver.ts';
import { startTargets } from './agent/targets.ts';
import { machine, median, table } from './promql/measure.ts';

const targets = 100;
const series = 1000;
const intervalSeconds = 15;
const settleSeconds = 60;
const budgetMb = 60;

/** As deploy/nightshift-agent.service sets them. */
const serviceEnvironment = { UV_THREADPOOL_SIZE: '2', NODE_OPTIONS: '--v8-pool-size=1' };

interface Load {
  readonly ports: readonly number[];
  readonly receiver: number;
}

/** Targets and receiver in a process of their own, so that they cost none of the measured ones anything. */
async function serveLoad(): Promise<void> {
  const receiver = await startReceiver();
  const load: Load = { ports: await startTargets(targets, series), receiver: receiver.port };
  process.send?.(load);
  process.on('message', () => process.send?.([...receiver.counts] satisfies ReceiverCounts));
  process.on('disconnect', () => process.exit(0));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  const port = (server.address() as { port: number }).port;
  await new Promise((closed) => server.close(closed));
  return port;
}

interface Contender {
  readonly name: string;
  /** Of the receiver, by which what it gets is told apart. */
  readonly path: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program: string;
  readonly args: (dir: string, config: object, port: number, url: string) => string[];
}

const entry = resolve(process.env.NIGHTSHIFT_BENCH_ENTRY ?? 'packages/cli/dist/nightshift.js');

function written(dir: string, config: object): string {
  const file = join(dir, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const nightshift: Pick<Contender, 'program' | 'args'> = {
  program: process.execPath,
  args: (dir, config, _port, url) => {
    const file = written(dir, { ...config, remote_write: [{ url }] });
    return [entry, 'agent', '--config', file, '--dir', join(dir, 'data')];
  },
};

const contenders: readonly Contender[] = [
  { name: 'nightshift agent', path: '/nightshift', env: serviceEnvironment, ...nightshift },
  { name: 'nightshift agent, as typed', path: '/nightshift-typed', ...nightshift },
  {
    name: 'vmagent',
    path: '/vmagent',
    program: '/usr/bin/vmagent',
    args: (dir, config, port, url) => [
      `-promscrape.config=${written(dir, config)}`,
      `-remoteWrite.url=${url}`,
      `-remoteWrite.tmpDataPath=${join(dir, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-loggerLevel=ERROR',
    ],
  },
  {
    name: 'Prometheus, agent mode',
    path: '/prometheus',
    program: '/usr/bin/prometheus',
    args: (dir, config, port, url) => [
      '--enable-feature=agent',
      `--config.file=${written(dir, { ...config, remote_write: [{ url }] })}`,
      `--storage.agent.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
  },
];

interface Measured {
  readonly name: string;
  readonly medianMb: number;
  readonly mostMb: number;
  readonly cpuSeconds: number;
  readonly cpuPercent: number;
  readonly bytesPerSample: number;
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[3] ?? 120);
  if (!(seconds >= intervalSeconds)) throw new Error(`npm run bench -- agent SECONDS, at least ${intervalSeconds}`);
  const on = machine();
  const base = mkdtempSync(join(tmpdir(), 'nightshift-bench-agent-'));
  const self = fileURLToPath(import.meta.url);
  const load = spawn(process.execPath, [self, 'load'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const message = <T>() => new Promise<T>((got) => load.once('message', (value) => got(value as T)));
  const { ports, receiver } = await message<Load>();
  const counts = async () => {
    const answer = message<ReceiverCounts>();
    load.send('counts');
    return new Map(await answer);
  };
  const config = {
    global: { scrape_interval: `${intervalSeconds}s`, scrape_timeout: '10s' },
    scrape_configs: [{ job_name: 'load', static_configs: [{ targets: ports.map((port) => `127.0.0.1:${port}`) }] }],
  };
  const here = contenders.filter(({ program }) => existsSync(program));
  const absent = contenders.filter((one) => !here.includes(one));
  for (const { name, program } of absent) console.warn(`SKIPPED: ${name}, ${program} is missing.`);
  const running: { contender: Contender; child: ChildProcess; mb: number[]; cpu: number }[] = [];
  try {
    for (const contender of here) {
      const dir = join(base, contender.path);
      mkdirSync(dir);
      const args = contender.args(dir, config, await freePort(), `http://127.0.0.1:${receiver}${contender.path}`);
      const env = { ...process.env, ...contender.env, NIGHTSHIFT_AGENT_LISTEN: '127.0.0.1:0' };
      const child = spawn(contender.program, args, { cwd: dir, env, stdio: ['ignore', 'ignore', 'inherit'] });
      running.push({ contender, child, mb: [], cpu: 0 });
    }
    await sleep(settleSeconds * 1000);
    const before = await counts();
    for (const one of running) one.cpu = cpuSeconds(one.child.pid as number);
    const startedAt = performance.now();
    while (performance.now() - startedAt < seconds * 1000) {
      await sleep(500);
      for (const { child, mb } of running) mb.push(anonymousMb(child.pid as number));
    }
    const took = (performance.now() - startedAt) / 1000;
    const after = await counts();
    const measured = running.map(({ contender: { name, path }, child, mb, cpu }): Measured => {
      const used = cpuSeconds(child.pid as number) - cpu;
      const bytes = (after.get(path)?.bytes ?? 0) - (before.get(path)?.bytes ?? 0);
      return {
        name,
        medianMb: median(mb),
        mostMb: Math.max(...mb),
        cpuSeconds: used,
        cpuPercent: (used / took) * 100,
        bytesPerSample: bytes / ((targets * series * took) / intervalSeconds),
      };
    });
    report(
      measured,
      on,
      seconds,
      absent.map(({ name }) => name),
    );
  } finally {
    for (const { child } of running) child.kill('SIGKILL');
    load.disconnect();
    rmSync(base, { recursive: true, force: true });
  }
}

function report(measured: readonly Measured[], on: string, seconds: number, absent: readonly string[]): void {
  const own = measured[0] as Measured;
  const rows = measured.map(({ name, medianMb, mostMb, cpuSeconds, cpuPercent, bytesPerSample }) => [
    name,
    medianMb.toFixed(1),
    mostMb.toFixed(1),
    (medianMb / own.medianMb).toFixed(2),
    cpuSeconds.toFixed(2),
    cpuPercent.toFixed(1),
    bytesPerSample.toFixed(1),
  ]);
  const page = [
    '# The agent',
    '',
    `${on}. Run by \`npm run bench -- agent ${seconds}\`.`,
    '',
    `${targets} targets of ${series.toLocaleString('en')} series each, scraped every ${intervalSeconds} s and forwarded by remote write 1.0, by all at the same`,
    `time and from the same targets. Measured for ${seconds} s, ${settleSeconds} s after the start. Memory is anonymous and resident`,
    `(\`Anonymous\` of /proc/PID/smaps_rollup), in MB (10⁶ bytes); processor time is per cent of one core. Budget: ${budgetMb} MB.`,
    `The first runs with the environment of deploy/nightshift-agent.service (${Object.entries(serviceEnvironment)
      .map((pair) => pair.join('='))
      .join(' ')}),\nthe second without.`,
    '',
    ...table(['', 'MB, median', 'MB, most', 'ratio', 'CPU seconds', 'CPU %', 'bytes sent per sample'], rows),
    ...(absent.length > 0 ? ['', `Not on this machine: ${absent.join(', ')}.`] : []),
    '',
  ].join('\n');
  console.log(page);
  writeFileSync('bench/results/agent.md', page);
  process.exitCode = own.mostMb < budgetMb ? 0 : 1;
}

if (process.argv[2] === 'load') await serveLoad();
else await main();
