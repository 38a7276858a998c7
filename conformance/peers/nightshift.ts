import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startServe } from '../../packages/cli/src/demo/serve-process.ts';
import { buildCommand } from './command.ts';
import { endProcess, type Peer } from './process.ts';

/** `nightshift serve` of the given build, on free ports, with a data directory that holds its configuration at most and that the caller removes. */
export async function startNightshift(entry: string, dataDir: string): Promise<Peer> {
  const { pid, url } = await startServe(resolve(entry), dataDir, AbortSignal.timeout(60_000));
  const token = readFileSync(join(dataDir, 'cli-token'), 'utf8').trim();
  return {
    name: 'Nightshift',
    url,
    pid,
    headers: { authorization: `Bearer ${token}` },
    output: () => '',
    stop: () => endProcess(pid),
  };
}

/** Builds the command as the sources are now, starts `serve` of it with these settings and an empty store, and ends it afterwards. */
export async function withNightshift<T>(settings: object, run: (peer: Peer) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-conformance-'));
  writeFileSync(join(dir, 'nightshift.yaml'), JSON.stringify(settings));
  const command = await buildCommand();
  try {
    const peer = await startNightshift(command.entry, dir);
    try {
      return await run(peer);
    } finally {
      await peer.stop();
    }
  } finally {
    command.remove();
    rmSync(dir, { recursive: true, force: true });
  }
}
