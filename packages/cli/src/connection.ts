import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, Exit } from './exit.ts';
import type { Terminal } from './terminal.ts';

export const DEFAULT_SERVER = 'http://127.0.0.1:4300';

export interface Connection {
  /** Without a slash at its end. */
  readonly server: string;
  readonly token: string | null;
}

export interface ConnectionOptions {
  readonly server?: string;
  readonly tokenFile?: string;
}

type Surroundings = Pick<Terminal, 'env' | 'cwd'>;

/**
 * Where the server is, and the token for it. Address: --server, NIGHTSHIFT_SERVER, the running server of the data
 * directory (its serve.json), else 127.0.0.1:4300. Token: --token-file, NIGHTSHIFT_TOKEN, or the `cli-token` of the data
 * directory, which goes to this machine only. Throws ConfigError where the configuration has to be read and is wrong.
 */
export async function connection(options: ConnectionOptions, surroundings: Surroundings): Promise<Connection> {
  const { env, cwd } = surroundings;
  const given = options.server ?? env.NIGHTSHIFT_SERVER;
  const server = checkedServer(given || runningServer(await dataDirOf(surroundings))?.url || DEFAULT_SERVER);
  if (options.tokenFile !== undefined) return { server, token: tokenOf(resolve(cwd, options.tokenFile)) };
  if (env.NIGHTSHIFT_TOKEN) return { server, token: env.NIGHTSHIFT_TOKEN };
  if (!isThisMachine(server)) return { server, token: null };
  return { server, token: readIfThere(join(await dataDirOf(surroundings), 'cli-token'))?.trim() || null };
}

/** As `serve` started here would find it. The configuration is loaded only where there is one, for it takes a while. */
async function dataDirOf({ env, cwd }: Surroundings): Promise<string> {
  if (env.NIGHTSHIFT_DATA_DIR) return resolve(cwd, env.NIGHTSHIFT_DATA_DIR);
  if (!env.NIGHTSHIFT_CONFIG && !existsSync(join(cwd, 'nightshift.yaml'))) return join(cwd, '.nightshift');
  const { loadConfig } = await import('@nightshift/server');
  return loadConfig({ env, cwd }).config.dataDir;
}

function checkedServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // fetch would refuse it later, and print the password.
  if (url?.username || url?.password)
    throw new Exit(EXIT.usage, `The server ${url.host}: no name and password, but a token.`);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/+$/, '');
  throw new Exit(EXIT.usage, `The server ${text}: an address such as ${DEFAULT_SERVER} is wanted.`);
}

function tokenOf(file: string): string {
  const token = readIfThere(file)?.trim();
  if (!token) throw new Exit(EXIT.usage, `--token-file ${file}: no token can be read there.`);
  return token;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** What a server says of itself in its data directory (serve.json). */
export interface RunningServer {
  readonly pid: number;
  readonly url: string;
  readonly otlpUrl: string;
  readonly otlpGrpcUrl: string;
}

/** null where none runs. */
export function runningServer(dataDir: string): RunningServer | null {
  try {
    const server = JSON.parse(readIfThere(join(dataDir, 'serve.json')) ?? 'null') as RunningServer;
    process.kill(server.pid, 0);
    return server;
  } catch {
    return null;
  }
}

function isThisMachine(server: string): boolean {
  const { hostname } = new URL(server);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
