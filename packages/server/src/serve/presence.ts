import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Control } from '../control/control.ts';

const tokenFile = 'cli-token';
const presenceFile = 'serve.json';
const tokenName = 'command on this machine';

/**
 * The command on this machine uses a token that lies in the data directory, readable by this user only. A new one at
 * every start; those of starts before are deleted.
 */
export function writeCommandToken(dataDir: string, control: Control): void {
  for (const { id, name } of control.tokens.list()) if (name === tokenName) control.tokens.delete(id);
  const { token } = control.tokens.create(tokenName, ['ingest', 'read', 'release', 'admin']);
  writeFileSync(join(dataDir, tokenFile), `${token}\n`, { mode: 0o600 });
}

/** Says where this server is, for commands that are run beside it. */
export function writePresence(
  dataDir: string,
  presence: { pid: number; url: string; otlpUrl: string; otlpGrpcUrl: string; startedAt: number },
): void {
  writeFileSync(join(dataDir, presenceFile), `${JSON.stringify(presence)}\n`, { mode: 0o600 });
}

export function removePresence(dataDir: string): void {
  rmSync(join(dataDir, presenceFile), { force: true });
}
