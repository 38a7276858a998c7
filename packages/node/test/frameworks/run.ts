/** Applications that run with the library as it is published: bundled, and loaded before them or by them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const here = import.meta.dirname;

/** `plain`: the application starts the library itself. */
export type Mode = 'import' | 'require' | 'code' | 'plain';

export interface Workplace {
  readonly folder: string;
  remove(): void;
}

/** What the application says of itself, in the process of the application. */
const spy = `process.on('message', async () => {
  const { ns } = globalThis[Symbol.for('@nightshift/node')];
  process.send({ metrics: await ns.registry.getMetricsAsJSON(), kinds: ns.operations() });
}).unref?.(); process.channel?.unref();`;

/** Packages stay packages; those of this repository are sources, and are taken in. */
export const packagesStay: Plugin = {
  name: 'packages',
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      path.startsWith('@nightshift/') ? undefined : { path, external: true },
    );
  },
};

/** A folder beside the installed packages with the library and the applications, as ES modules and as CommonJS. */
export async function makeWorkplace(): Promise<Workplace> {
  const dist = join(here, 'dist');
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, 'run-'));
  const source = join(here, '../../src');
  const common = { bundle: true, platform: 'node', target: 'node20', logLevel: 'error' } as const;
  const library = { index: join(source, 'index.ts'), register: join(source, 'register.ts') };
  await build({
    ...common,
    plugins: [packagesStay],
    entryPoints: library,
    outdir: folder,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  });
  await build({
    ...common,
    plugins: [packagesStay],
    entryPoints: library,
    outdir: folder,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
  });
  writeFileSync(join(folder, 'spy.cjs'), spy);
  const apps = readdirSync(join(here, 'apps'));
  for (const name of apps) copyFileSync(join(here, 'apps', name), join(folder, name));
  const asCommonJs = apps.filter((name) => !name.startsWith('nest')).map((name) => join(here, 'apps', name));
  await build({
    ...common,
    bundle: false,
    entryPoints: asCommonJs,
    outdir: folder,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Running {
  readonly port: number;
  /** Status of the answer. */
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<number>;
  report(): Promise<Report>;
  stop(): Promise<void>;
}

interface Report {
  readonly metrics: readonly { readonly name: string; readonly values: readonly Value[] }[];
  readonly kinds: readonly {
    readonly kind: string;
    readonly total: { readonly count: number; readonly failed: number };
  }[];
}

interface Value {
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Starts an application of the workplace, `express` for one of its files. */
export async function run(
  { folder }: Workplace,
  app: string,
  mode: Mode,
  variables: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const args = {
    import: ['--import', join(folder, 'register.mjs'), join(folder, `${app}.mjs`)],
    require: ['--require', join(folder, 'register.cjs'), join(folder, `${app}.cjs`)],
    code: ['-e', `require('./index.cjs').nightshift(); require('./${app}.cjs')`],
    plain: [join(folder, `${app}.mjs`)],
  }[mode];
  const child = spawn(process.env.APP_NODE ?? process.execPath, ['--require', join(folder, 'spy.cjs'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: 240_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
  const { port } = (await answer(child, () => said)) as { port: number };
  return {
    port,
    ask: (method, path, headers = {}) => ask(port, method, path, headers),
    async report() {
      child.send('report');
      return (await answer(child, () => said)) as Report;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function answer(child: ChildProcess, said: () => string): Promise<unknown> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the application ended: ${said()}`);
  });
  ended.catch(() => {});
  const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
  return message;
}

async function ask(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await once(response, 'close');
  return response.statusCode ?? 0;
}

/** How many requests there were: `GET /users/:id 200`. */
export function routesOf({ metrics }: Report): Readonly<Record<string, number>> {
  const { values = [] } = metrics.find(({ name }) => name === 'http_request_duration_seconds') ?? {};
  const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
  return Object.fromEntries(
    counts.map(({ labels, value }) => [`${labels.method} ${labels.route} ${labels.status}`, value]),
  );
}

/** Asks for many paths one after the other, on one connection and 50 ahead. */
export async function pipelined(port: number, count: number, path: (at: number) => string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let sent = 0;
  let answered = 0;
  const send = (): void => {
    let text = '';
    while (sent < count && sent - answered < 50) text += `GET ${path(sent++)} HTTP/1.1\r\nHost: a\r\n\r\n`;
    if (text !== '') socket.write(text);
  };
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${answered} answers`)));
    socket.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('latin1')).split('HTTP/1.1 ');
      answered += parts.length - 1;
      rest = parts[parts.length - 1]?.slice(-8) ?? '';
      if (answered >= count) resolve();
      else send();
    });
    send();
  });
  socket.removeAllListeners('close');
  socket.destroy();
}
