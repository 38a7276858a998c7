import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startServe } from '../../packages/cli/src/demo/serve-process.ts';
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
