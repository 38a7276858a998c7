import { createHash } from 'node:crypto';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Another process works in the directory. */
export class DirectoryInUse extends Error {
  // The command prints the message alone for an error of this name.
  override readonly name = 'NightshiftError';
  constructor(dir: string) {
    super(`The directory ${dir} is in use by another agent. Stop it, or set NIGHTSHIFT_AGENT_DIR.`);
  }
}

export interface AgentDirectory {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Makes the directory and takes it for this process, by an abstract Unix socket of its name (unix(7)): the kernel gives it
 * up with the process, however that ends. Throws DirectoryInUse.
 */
export async function takeDirectory(dir: string): Promise<AgentDirectory> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = await realpath(dir);
  const name = `\0nightshift-agent-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  const server: Server = createServer((socket) => socket.destroy());
  await new Promise<void>((taken, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      failed(error.code === 'EADDRINUSE' ? new DirectoryInUse(dir) : error);
    });
    server.listen(name, taken);
  });
  server.unref();
  return { path, release: () => new Promise((released) => server.close(() => released())) };
}

const spoolsDir = 'spool';

/** Where the spool of a destination is: readable, and the same for the same name. */
export function spoolDir(dir: string, destination: string): string {
  const words = destination
    .replace(/^https?:\/\//, '')
    .replace(/[^A-Za-z0-9.-]+/g, '_')
    .slice(0, 60);
  const hash = createHash('sha256').update(destination).digest('hex').slice(0, 8);
  return join(dir, spoolsDir, `${words}-${hash}`);
}

/** Spools of destinations that are not configured any more. */
export async function leftoverSpools(dir: string, destinations: readonly string[]): Promise<string[]> {
  const used = new Set(destinations.map((name) => spoolDir(dir, name)));
  const names = await readdir(join(dir, spoolsDir)).catch(() => []);
  return names.map((name) => join(dir, spoolsDir, name)).filter((path) => !used.has(path));
}
