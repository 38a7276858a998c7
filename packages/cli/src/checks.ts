import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** One question about this machine. `finding` is what was seen and, where it is wrong, what to do. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly finding: string;
}

const NODE_LEAST = [20, 19] as const;

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
  return { name: 'node', ok, finding: ok ? version : `${version}; 20.19 or newer is needed` };
}

/** Writes and removes something there; where the directory is still to be made, in the nearest one that exists. */
export function checkDataDir(dir: string): Check {
  let at = dir;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  try {
    if (!statSync(at).isDirectory()) throw new Error('it is a file');
    rmSync(mkdtempSync(join(at, '.nightshift-doctor-')), { recursive: true });
    return { name: 'dataDir', ok: true, finding: at === dir ? `${dir} can be written` : `${dir} can be made` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { name: 'dataDir', ok: false, finding: `${dir} cannot be written: ${code ?? message}. Set dataDir.` };
  }
}

/** A port is fine when it is free, and when Nightshift itself has it: `own` is where the one that runs here listens. */
export async function checkPort(name: string, host: string, port: number, own = ''): Promise<Check> {
  if (port === 0) return { name, ok: true, finding: 'any free port is taken' };
  if (own !== '' && portOf(own) === port) return { name, ok: true, finding: `Nightshift runs at ${own}` };
  const reason = await tryToListen(host, port);
  if (reason === null) return { name, ok: true, finding: `${host}:${port} is free` };
  if (reason !== 'EADDRINUSE') return { name, ok: false, finding: `${host}:${port} cannot be used: ${reason}` };
  return { name, ok: false, finding: `${host}:${port} is in use by another program; set ${name}` };
}

/** null when it works, else the code of the error. */
function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

const portOf = (url: string): number => Number(new URL(url).port || (url.startsWith('https:') ? 443 : 80));

/**
 * Runs the embedded engine for one statement, as `serve` would: this sees the C library, the processor and a missing
 * package alike. `entry` is the script of this command. With `url`, asks that ClickHouse whether it is there.
 */
export async function checkEngine(url: string, entry: string): Promise<Check> {
  const name = 'engine';
  if (url) return checkClickHouse(name, url);
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-doctor-'));
  try {
    // The library keeps results to itself unless they go to a file.
    const answer = join(dir, 'version');
    const args = [entry, 'engine-child', `--query=SELECT version() INTO OUTFILE '${answer}'`];
    const started = promisify(execFile)(process.execPath, args, { timeout: 20_000, env: { PATH: process.env.PATH } });
    started.child.stdin?.end();
    const failure = await started.then(() => null).catch((error: unknown) => error);
    const version = existsSync(answer) ? readFileSync(answer, 'utf8').trim() : '';
    // What the library does while it is torn down, after it has answered, harms nobody.
    if (!version) throw failure ?? new Error('the engine gave no answer');
    return { name, ok: true, finding: `ClickHouse ${version} runs embedded (${process.platform} ${process.arch})` };
  } catch (error) {
    const { signal, stderr, message } = error as { signal?: string; stderr?: string; message: string };
    const why = signal ? `it died of ${signal}` : stderr?.trim().split('\n').at(-1) || message;
    const finding = `${why} (${process.platform} ${process.arch}). Or set engine.url to a ClickHouse server.`;
    return { name, ok: false, finding };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function checkClickHouse(name: string, url: string): Promise<Check> {
  // An address may carry a password, which is neither needed here nor to be shown.
  const { protocol, host } = new URL(url);
  try {
    const response = await fetch(`${protocol}//${host}/ping`, { signal: AbortSignal.timeout(5000) });
    return { name, ok: response.ok, finding: `ClickHouse at ${host} answers ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return {
      name,
      ok: false,
      finding: `ClickHouse at ${host} does not answer (${cause?.code ?? message}); see engine.url`,
    };
  }
}
