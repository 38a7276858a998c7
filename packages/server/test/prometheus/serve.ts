/** A really running server with real data: samples that were pushed, a target that is scraped, rules that are evaluated. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeSnappy, encodeWriteRequest, type WriteSeries } from '@nightshift/wire';
import { type Server, startServer } from '../../src/serve/serve.ts';
import { engineLauncher } from '../engine-launcher.ts';

export interface Asked {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: Body;
}

export interface Body {
  readonly status?: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export interface RunningServer {
  readonly server: Server;
  readonly dir: string;
  readonly rulesFile: string;
  readonly scrapeFile: string;
  readonly targetHost: string;
  /** The command's own, with every right. */
  readonly token: string;
  /** `parameters` go into the address, or into a form where `method` is POST or PUT. */
  ask(path: string, parameters?: Parameters, method?: string, signal?: AbortSignal): Promise<Asked>;
  write(series: readonly WriteSeries[]): Promise<void>;
  until(path: string, parameters: Parameters, condition: (body: Body) => boolean): Promise<Body>;
  close(): Promise<void>;
}

export type Parameters = Readonly<Record<string, string | readonly string[]>>;

const exposition = `# HELP jobs_total Jobs that were done.
# TYPE jobs_total counter
jobs_total{kind="mail"} 7
# HELP queue Jobs that wait.
# TYPE queue gauge
queue 3
`;

export const rules = `
groups:
  - name: queues
    interval: 1s
    limit: 5
    rules:
      - record: job:queue:max
        expr: max by (job) (queue)
      - alert: QueueIsLong
        expr: queue > 1
        labels: { severity: page }
        annotations: { summary: "{{ $value }} wait" }
  - name: others
    interval: 1s
    rules:
      - alert: Never
        expr: vector(1) < 0
`;

function formOf(parameters: Parameters): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat()) form.append(name, value);
  }
  return form;
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}

/** A job whose only target is dropped. */
export const scrapeConfig = `scrape_configs:
  - job_name: gone
    basic_auth: { username: me, password: hidden }
    static_configs: [{ targets: ['nobody:1'] }]
    relabel_configs:
      - { source_labels: [__address__], regex: '(.*):.*', target_label: host }
      - { source_labels: [host], regex: nobody, action: drop }
      - { target_label: never, replacement: set }
`;

export async function runServer(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-prometheus-'));
  const rulesFile = join(dir, 'rules.yml');
  writeFileSync(rulesFile, rules);
  const scrapeFile = join(dir, 'prometheus.yml');
  writeFileSync(scrapeFile, scrapeConfig);
  const target = createServer((_request, response) => response.end(exposition)).listen(0, '127.0.0.1');
  await new Promise((resolve) => target.once('listening', resolve));
  const targetHost = `127.0.0.1:${(target.address() as AddressInfo).port}`;
  const engine = await engineLauncher();
  const server = await startServer({
    cwd: dir,
    env: {
      NIGHTSHIFT_HTTP_PORT: '0',
      NIGHTSHIFT_HTTP_OTLP_PORT: '0',
      NIGHTSHIFT_LOG_LEVEL: 'silent',
      NIGHTSHIFT_SELF_METRICS_ENABLED: 'false',
      NIGHTSHIFT_RULES_FILES: rulesFile,
      NIGHTSHIFT_SCRAPE_CONFIG_FILE: scrapeFile,
      NIGHTSHIFT_SCRAPE: `[{job: app, interval: 1s, timeout: 500ms, targets: ["${targetHost}"], labels: {zone: a}}]`,
      ...env,
    },
    // Nothing but the engine's child is started here.
    launcher: () => ({ command: engine.command, args: engine.args }),
    webDir: null,
    version: '0.0.0-test',
  });
  const token = readFileSync(join(server.dataDir, 'cli-token'), 'utf8').trim();
  const authorization = `Bearer ${token}`;
  const ask: RunningServer['ask'] = async (path, parameters = {}, method = 'GET', signal) => {
    const form = formOf(parameters);
    const inAddress = method === 'GET' && form.size > 0 ? `?${form}` : '';
    const response = await fetch(`${server.url}${path}${inAddress}`, {
      method,
      headers: { authorization },
      ...(method !== 'GET' && { body: form }),
      signal: signal ?? AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type') ?? '', text, body: parsed(text) };
  };
  return {
    server,
    dir,
    rulesFile,
    scrapeFile,
    targetHost,
    token,
    ask,
    async write(series) {
      const response = await fetch(`${server.url}/api/v1/write`, {
        method: 'POST',
        headers: {
          authorization,
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        body: Buffer.from(encodeSnappy(encodeWriteRequest(series))),
      });
      if (!response.ok) throw new Error(`write: ${response.status} ${await response.text()}`);
    },
    async until(path, parameters, condition) {
      for (const end = Date.now() + 15_000; Date.now() < end; await sleep(100)) {
        const { body } = await ask(path, parameters);
        if (condition(body)) return body;
      }
      throw new Error(`not within 15 s: ${path} ${JSON.stringify(parameters)}`);
    },
    async close() {
      await server.close();
      target.close();
      target.closeAllConnections();
      rmSync(dir, { recursive: true, force: true });
      rmSync(dirname(engine.args.at(-1) ?? ''), { recursive: true, force: true });
    },
  };
}

/** `count` samples a second apart up to `end` (Unix milliseconds), counting up. */
export function counting(labels: Readonly<Record<string, string>>, end: number, count: number): WriteSeries {
  return {
    labels: new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    samples: Array.from({ length: count }, (_, i) => ({ timestamp: end - (count - 1 - i) * 1000, value: i })),
  };
}
