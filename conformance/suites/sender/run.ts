import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '../../../packages/agent/test/processes.ts';
import { buildCommand } from '../../peers/command.ts';
import { freePort } from '../../peers/process.ts';
import { attempts } from './facts.ts';
import { atFirst, type Behaviour, breaksOff, type Received, RecordingReceiver, says, takes } from './receiver.ts';
import { PAGES, startTarget } from './target.ts';

export const REASON = 'out of order: <é> {"a":1}';

const LARGE = 'large '.repeat(1 << 20);

/** What destinations of remote write 2.0 do that get the job `basic` alone. */
const faults = (): Readonly<Record<string, Behaviour>> => ({
  status400: says(400, REASON, { 'x-prometheus-remote-write-samples-written': '0' }),
  status400large: says(400, LARGE, { 'x-prometheus-remote-write-samples-written': '0' }),
  status400partial: says(400, REASON, { 'x-prometheus-remote-write-samples-written': '5' }),
  status400headerless: says(400),
  status401: says(401),
  status404: says(404),
  status413: says(413),
  status415: (response, n, received) => (received.isV2 ? says(415) : takes())(response, n, received),
  status429: atFirst(4, says(429)),
  status500: atFirst(6, says(500)),
  status500large: atFirst(2, says(500, LARGE)),
  status502: atFirst(2, says(502)),
  status503: atFirst(2, says(503)),
  status504: atFirst(2, says(504)),
  status200: takes(200),
  status200body: takes(200, LARGE),
  slow: atFirst(1, () => {}),
  cutOff: atFirst(2, breaksOff('HTTP/1.1 204 No Con')),
  garbage: atFirst(2, breaksOff('what?\r\n\r\n')),
  strangeStatus: atFirst(2, breaksOff('HTTP/1.1 999 Strange\r\ncontent-length: 0\r\n\r\n')),
  hangsUp: atFirst(2, breaksOff('')),
});

/** Who is denied access is not sent more until that changes. */
const DENIED = ['status401', 'status404'];

/** How long it may take until every destination has had enough. */
const mostMs = 30_000;

export interface Recording {
  /** Everything, by remote write 2.0 and by 1.0. */
  readonly v2: readonly Received[];
  readonly v1: readonly Received[];
  /** What a destination of the faults was sent. */
  to(name: string): readonly Received[];
  readonly output: string;
  /** What the agent says of a destination that is no address. */
  readonly refusal: string;
}

const queue = { batch_send_deadline: '100ms', min_backoff: '50ms', max_backoff: '400ms' };

const jobs = (address: string) =>
  Object.keys(PAGES).map((page) => ({
    job_name: page,
    metrics_path: `/${page}`,
    scrape_native_histograms: page === 'native',
    ...(page === 'many' && { scrape_interval: '2s' }),
    static_configs: [{ targets: [address] }],
  }));

/** One real agent that scrapes every page and sends to every destination. */
export async function recordSender(): Promise<Recording> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-sender-'));
  const command = await buildCommand();
  const target = await startTarget();
  const behaviours = faults();
  const receiver = new RecordingReceiver({ ...behaviours, v2: takes(), v1: takes() });
  const late = new RecordingReceiver({ late: takes() });
  try {
    const url = await receiver.listen();
    const port = await freePort();
    const v2 = { protobuf_message: 'io.prometheus.write.v2.Request', queue_config: queue };
    const basic = {
      ...v2,
      write_relabel_configs: [{ source_labels: ['job'], regex: 'basic', action: 'keep' }],
    };
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
      scrape_configs: jobs(target.address),
      remote_write: [
        { name: 'v2', url: `${url}/v2`, ...v2, send_exemplars: true, send_native_histograms: true },
        { name: 'v1', url: `${url}/v1`, queue_config: queue, send_exemplars: true },
        { name: 'late', url: `http://127.0.0.1:${port}/late`, ...basic },
        { name: 'nowhere', url: 'http://nowhere.invalid/write', ...basic },
        ...Object.keys(behaviours).map((name) => ({
          name,
          url: `${url}/${name}`,
          ...basic,
          ...(name === 'slow' && { remote_timeout: '3s' }),
          ...(name === 'status500' && { queue_config: { ...queue, min_backoff: '100ms', max_backoff: '1600ms' } }),
        })),
      ],
    };
    const agent = await startAgent({ entry: command.entry, dir, config });
    await sleep(1500);
    await late.listen(port);
    const to = (name: string) => (name === 'late' ? late : receiver).received.get(name) ?? [];
    const isDone = () =>
      ['v2', 'v1', 'late', ...Object.keys(behaviours)].every(
        (name) => DENIED.includes(name) || attempts(to(name)).length > 4,
      );
    for (const deadline = Date.now() + mostMs; Date.now() < deadline && !isDone(); ) await sleep(200);
    const isAlive = (await fetch(`${agent.url}/-/healthy`)).ok;
    await agent.stop();
    const wrong = { ...config, remote_write: [{ url: 'ftp://127.0.0.1/write' }] };
    const refusal = await startAgent({ entry: command.entry, dir: join(dir, 'wrong'), config: wrong }).then(
      (started) => started.stop().then(() => ''),
      (error: Error) => error.message,
    );
    return {
      v2: to('v2'),
      v1: to('v1'),
      to,
      output: isAlive ? agent.output() : '',
      refusal,
    };
  } finally {
    target.close();
    receiver.close();
    late.close();
    command.remove();
    rmSync(dir, { recursive: true, force: true });
  }
}
