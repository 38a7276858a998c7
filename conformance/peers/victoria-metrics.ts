import { join } from 'node:path';
import { freePort, type Peer, startPeer } from './process.ts';

export const debianVictoriaMetrics = '/usr/bin/victoria-metrics';

/** A real VictoriaMetrics on a free port of loopback, with an empty directory that the caller removes. */
export async function startVictoriaMetrics(dir: string, args: readonly string[] = []): Promise<Peer> {
  const address = `127.0.0.1:${await freePort()}`;
  return startPeer({
    name: 'VictoriaMetrics',
    binary: debianVictoriaMetrics,
    args: [`-storageDataPath=${join(dir, 'data')}`, `-httpListenAddr=${address}`, '-loggerLevel=WARN', ...args],
    url: `http://${address}`,
    readyPath: '/health',
  });
}
