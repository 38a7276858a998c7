import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Peer, startPeer } from './process.ts';

export const debianPrometheus = '/usr/bin/prometheus';

export interface PrometheusOptions {
  readonly binary?: string;
  /** An empty directory for its configuration and its data; the caller removes it. */
  readonly dir: string;
  /** Its configuration as JSON, which is YAML. */
  readonly config?: object;
  readonly args?: readonly string[];
}

/** A real Prometheus on a free port of loopback, which takes remote write. */
export async function startPrometheus(options: PrometheusOptions): Promise<Peer> {
  const { binary = debianPrometheus, dir, config = {}, args = [] } = options;
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(dir, 'prometheus.json');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return startPeer({
    name: 'Prometheus',
    binary,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'tsdb')}`,
      `--web.listen-address=${address}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
      ...args,
    ],
    url: `http://${address}`,
    readyPath: '/-/ready',
  });
}

/** Major, minor and patch that a Prometheus says it is. */
export async function prometheusVersion({ url, headers }: Peer): Promise<readonly number[]> {
  const answer = await fetch(`${url}/api/v1/status/buildinfo`, { headers });
  const { data } = (await answer.json()) as { data: { version: string } };
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(data.version);
  // A binary that was built without a version is of a checkout, so it is taken for the newest.
  return numbers ? numbers.slice(1).map(Number) : [Number.POSITIVE_INFINITY, 0, 0];
}
