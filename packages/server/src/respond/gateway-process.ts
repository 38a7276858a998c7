import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectGateway, type GatewayClient } from '@nightshift/gateway';
import { NightshiftError } from '../errors/catalogue.ts';

export interface GatewayProcessOptions {
  /** Holds `control.sock`, the gateway's state and, as `gateway.out` and `gateway.err`, what it writes. */
  readonly dir: string;
  readonly launcher: { readonly command: string; readonly args: readonly string[] };
  /** Milliseconds until a started gateway must answer (default 15,000). */
  readonly startTimeoutMs?: number;
}

const starting = new Map<string, Promise<GatewayClient>>();

/**
 * A gateway that answers: the one at the directory, else a new one in a session of its own, so that it outlives `serve`.
 * Calls for one directory at the same time share one start. Throws GATEWAY_DOWN when it exits or stays silent.
 */
export function ensureGateway(options: GatewayProcessOptions): Promise<GatewayClient> {
  const running = starting.get(options.dir);
  if (running) return running;
  const start = connectOrStart(options).finally(() => starting.delete(options.dir));
  starting.set(options.dir, start);
  return start;
}

async function connectOrStart(options: GatewayProcessOptions): Promise<GatewayClient> {
  const connection = connectGateway(options.dir);
  if (await answers(connection)) return connection;
  const exited = launch(options);
  const deadline = performance.now() + (options.startTimeoutMs ?? 15_000);
  while (performance.now() < deadline) {
    if (await answers(connection)) return connection;
    if (exited.reason !== '') throw new NightshiftError('GATEWAY_DOWN', { reason: exited.reason });
    await sleep(50);
  }
  throw new NightshiftError('GATEWAY_DOWN', {
    reason: `it was started and did not answer at ${join(options.dir, 'control.sock')}; see ${join(options.dir, 'gateway.err')}`,
  });
}

function launch({ dir, launcher }: GatewayProcessOptions): { reason: string } {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const out = openSync(join(dir, 'gateway.out'), 'a', 0o600);
  const err = openSync(join(dir, 'gateway.err'), 'a', 0o600);
  const end = { reason: '' };
  const child = spawn(launcher.command, launcher.args, { detached: true, stdio: ['ignore', out, err] });
  child.once('error', (error) => {
    end.reason = `it cannot be started: ${error.message}`;
  });
  child.once('exit', (code, signal) => {
    end.reason = `it exited with ${signal ?? `code ${code}`} while starting; see ${join(dir, 'gateway.err')}`;
  });
  child.unref();
  closeSync(out);
  closeSync(err);
  return end;
}

async function answers(connection: GatewayClient): Promise<boolean> {
  try {
    await connection.status();
    return true;
  } catch {
    return false;
  }
}
