import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Release, ReleaseRequest, ReleaseState } from '@nightshift/server/api';
import { type Command, InvalidArgumentError } from 'commander';
import type { Client } from '../client.ts';
import { apiCommand, type Context, type Register } from '../context.ts';
import { EXIT, Exit, type ExitCode } from '../exit.ts';
import { table } from '../table.ts';
import { paint, printable, type Terminal, type Tone } from '../terminal.ts';
import { durationOption, showTime } from '../time.ts';

interface StartOptions {
  service: string;
  version: string;
  dir: string;
  revision?: string;
  healthPath?: string;
  port?: number;
  environment?: string;
  env: Record<string, string>;
  failover: boolean;
  wait?: boolean;
  timeout: string;
}

export const release: Register = (program, context) => {
  const group = program
    .command('release')
    .description('start a version of an application, list and take back releases');
  start(group, context);
  list(group, context);
  rollback(group, context);
};

const TONES: Record<ReleaseState, Tone> = {
  starting: 'plain',
  live: 'good',
  good: 'good',
  bad: 'bad',
  'rolled-back': 'bad',
  failed: 'bad',
  superseded: 'dim',
};

const exitCodeOf = ({ state }: Release): ExitCode => (TONES[state] === 'bad' ? EXIT.bad : EXIT.ok);

function pair(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('KEY=VALUE is wanted.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 (any) to 65535.');
  return port;
}

function start(group: Command, context: Context): void {
  const command = group
    .command('start')
    .description('start a version and put the gateway in front of it once it is healthy')
    .requiredOption('--service <name>', 'the application')
    .requiredOption('--version <version>', 'the version, as people name it')
    .requiredOption('--dir <dir>', 'the directory in which the command runs')
    .option('--revision <revision>', 'source revision, such as a commit')
    .option('--health-path <path>', 'answers 2xx once the version can serve', '/healthz')
    .option('--port <port>', 'public port of the application; 0 takes any free one', portNumber)
    .option('--environment <name>', 'deployment environment')
    .option('--env <key=value>', 'variable for the application; may be repeated', pair, {})
    .option('--no-failover', 'do not answer failed requests from the last good version')
    .option('--wait', 'wait until it is live, or has failed')
    .option('--timeout <duration>', 'how long --wait waits', '2m')
    .argument('<command...>', 'after --: the command; PORT and HOST are set in its environment')
    .addHelpText(
      'after',
      '\nExample:\n  nightshift release start --service shop --version 1.4 --dir . --wait -- node dist/main.js',
    );
  apiCommand<StartOptions>(command, context, async ({ client, options, args, terminal, print, waitFor }) => {
    const request = requestOf(options, args, terminal.cwd);
    let made = await waitFor('Starting', client.post<Release>('/api/v1/releases', request));
    if (options.wait) {
      const deadline = performance.now() + durationOption('--timeout', options.timeout);
      made = await waitFor(`Waiting for ${request.service} ${request.version}`, untilStarted(client, made, deadline));
    }
    print(made, () => describe(terminal, made));
    return exitCodeOf(made);
  });
}

function requestOf(options: StartOptions, command: readonly string[], cwd: string): ReleaseRequest {
  const { service, version, dir, revision, healthPath, port, environment, env, failover } = options;
  return {
    service,
    version,
    dir: resolve(cwd, dir),
    command: [...command],
    env,
    failover,
    ...(revision === undefined ? {} : { revision }),
    ...(healthPath === undefined ? {} : { healthPath }),
    ...(port === undefined ? {} : { port }),
    ...(environment === undefined ? {} : { environment }),
  };
}

/** The release as soon as it is not starting any more. `deadline` is a time of `performance.now`. */
export async function untilStarted(client: Client, { id }: Release, deadline: number, signal?: AbortSignal) {
  for (;;) {
    const now = await client.get<Release>(`/api/v1/releases/${encodeURIComponent(id)}`);
    if (now.state !== 'starting') return now;
    if (performance.now() > deadline) throw new Exit(EXIT.bad, `Release ${id} is still starting; the wait is over.`);
    signal?.throwIfAborted();
    await sleep(50);
  }
}

function describe(terminal: Terminal, { id, service, version, state, stateReason, url }: Release): string {
  const reason = stateReason ? ` (${printable(stateReason)})` : '';
  const where = url ? ` at ${printable(url)}` : '';
  const what = `${printable(service)} ${printable(version)}`;
  return `${what} is ${paint(terminal, TONES[state], state)}${where}${reason}. Release ${printable(id)}\n`;
}

function list(group: Command, context: Context): void {
  const command = group
    .command('list')
    .description('releases, the newest first')
    .option('--service <name>', 'of this application only');
  apiCommand<{ service?: string }>(command, context, async ({ client, options, terminal, print, waitFor }) => {
    const query = { service: options.service };
    const answer = await waitFor('Asking', client.get<{ releases: Release[] }>('/api/v1/releases', query));
    print(answer, () => {
      const header = ['ID', 'SERVICE', 'VERSION', 'STATE', 'LIVE SINCE', 'REASON'];
      const rows = answer.releases.map(({ id, service, version, state, liveAt, stateReason }) => {
        return [id, service, version, { text: state, tone: TONES[state] }, showTime(liveAt), stateReason];
      });
      return table(terminal, header, rows);
    });
    return EXIT.ok;
  });
}

function rollback(group: Command, context: Context): void {
  const command = group
    .command('rollback')
    .description('put the last good version back')
    .requiredOption('--service <name>', 'the application')
    .option('--reason <text>', 'why, for the timeline', 'by hand');
  apiCommand<{ service: string; reason: string }>(
    command,
    context,
    async ({ client, options, terminal, print, waitFor }) => {
      const { service, reason } = options;
      const back = await waitFor(
        'Rolling back',
        client.post<Release>('/api/v1/releases/rollback', { service, reason }),
      );
      print(back, () => describe(terminal, back));
      return EXIT.ok;
    },
  );
}
