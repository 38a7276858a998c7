import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from '../../../conformance/peers/process.ts';

export { type BuiltCommand, buildCommand } from '../../../conformance/peers/command.ts';

export interface RunningProcess {
  readonly pid: number;
  /** What `up` found in the output. */
  readonly url: string;
  readonly output: () => string;
  /** Dies at once, as with a power cut. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends as asked to. */
  stop(): Promise<void>;
}

export interface CommandRun {
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The first group is the address. */
  readonly up: RegExp;
}

/** Starts the command without the variables of the shell that are for Nightshift, and waits until it is up. */
export async function run({ entry, args, env, cwd, up }: CommandRun): Promise<RunningProcess> {
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith('NIGHTSHIFT_'));
  const child: ChildProcess = spawn(process.execPath, [entry, ...args], {
    cwd,
    env: { ...Object.fromEntries(foreign), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const gone = new Promise<void>((ended) => child.once('exit', () => ended()));
  const url = await new Promise<string>((found, failed) => {
    const fail = (why: string) => failed(new Error(`${args.join(' ')} ${why}:\n${output}`));
    const timer = setTimeout(() => fail('is not up after 60 s'), 60_000);
    child.once('exit', (code) => fail(`ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-64 * 1024);
        const address = up.exec(output)?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        found(address);
      });
    }
  });
  const pid = child.pid as number;
  return {
    pid,
    url,
    output: () => output,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    stop: () => endProcess(pid),
  };
}

export interface AgentRun {
  readonly entry: string;
  /** For its configuration and its spools. */
  readonly dir: string;
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real agent, its own pages on a free port. JSON is YAML. */
export function startAgent({ entry, dir, config, env = {} }: AgentRun): Promise<RunningProcess> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'prometheus.yml');
  if (config) writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return run({
    entry,
    args: ['agent', ...(config ? ['--config', file] : []), '--dir', join(dir, 'data')],
    env: { NIGHTSHIFT_AGENT_LISTEN: '127.0.0.1:0', ...env },
    cwd: dir,
    up: /Nightshift agent is up: (http:\S+)/,
  });
}

export interface RunningServe extends RunningProcess {
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string;
}

/** A real `nightshift serve`; `port` lets the next one of the same directory have the same address. */
export async function startServe(entry: string, dataDir: string, port: number): Promise<RunningServe> {
  mkdirSync(dataDir, { recursive: true });
  const serve = await run({
    entry,
    args: ['serve'],
    env: {
      NIGHTSHIFT_DATA_DIR: dataDir,
      NIGHTSHIFT_HTTP_PORT: String(port),
      NIGHTSHIFT_HTTP_OTLP_PORT: '0',
    },
    cwd: dataDir,
    up: /Nightshift is up: (http:\S+)/,
  });
  const token = readFileSync(join(dataDir, 'cli-token'), 'utf8').trim();
  return { ...serve, token, headers: { authorization: `Bearer ${token}` } };
}

/** A token with which data can be sent, and that outlives the process. */
export async function ingestToken(serve: RunningServe): Promise<string> {
  const response = await fetch(`${serve.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { ...serve.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `agent-${Date.now()}`, rights: ['ingest'] }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

/** The value of a metric on the agent's page, the sum of its series whose labels hold `labels`; NaN where there is none. */
export async function agentMetric(agent: Pick<RunningProcess, 'url'>, name: string, labels = ''): Promise<number> {
  const page = await (await fetch(`${agent.url}/metrics`)).text();
  const lines = page.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(labels));
  if (lines.length === 0) return Number.NaN;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
