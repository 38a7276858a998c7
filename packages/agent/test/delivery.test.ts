import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSnappy, decodeWriteRequest, decodeWriteRequestV2 } from '@nightshift/wire';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../../conformance/peers/prometheus.ts';
import { debianVictoriaMetrics, startVictoriaMetrics } from '../../../conformance/peers/victoria-metrics.ts';
import { type CounterTarget, counterFaults, pointsOf, startCounterTarget } from './counter-target.ts';
import {
  agentMetric,
  type BuiltCommand,
  buildCommand,
  ingestToken,
  type RunningProcess,
  startAgent,
  startServe,
} from './processes.ts';

const base = mkdtempSync(join(tmpdir(), 'nightshift-agent-'));
let command: BuiltCommand;
let target: CounterTarget;
let runs = 0;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  command = await buildCommand();
  target = await startCounterTarget();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => {
  target.close();
  command.remove();
  rmSync(base, { recursive: true, force: true });
});

interface Api {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

function emptyDir(): string {
  const dir = join(base, String(++runs));
  mkdirSync(dir);
  return dir;
}

/** Samples of a scrape of the counter: it, `up` and four `scrape_…`. */
const perScrape = 6;

const queue = { batch_send_deadline: '100ms', max_backoff: '300ms' };

const configOf = (remoteWrite: readonly object[], global: object = {}) => ({
  global: { scrape_interval: '200ms', scrape_timeout: '200ms', ...global },
  scrape_configs: [{ job_name: 'app', static_configs: [{ targets: [target.address] }] }],
  remote_write: remoteWrite.map((each) => ({ queue_config: queue, ...each })),
});

async function agentOf(config: object, env: Record<string, string> = {}): Promise<RunningProcess> {
  const agent = await startAgent({ entry: command.entry, dir: emptyDir(), config, env });
  ends.push(() => agent.stop());
  return agent;
}

/** Waits until the store has `count` samples of the counter more than now, and looks that none is missing among them. */
async function expectGapless(api: Api, count: number, matchers = 'job="app"'): Promise<void> {
  const selector = `ticks_total{${matchers}}`;
  await expect
    .poll(async () => (await pointsOf(api, selector).catch(() => [])).length, { timeout: 20_000, interval: 200 })
    .toBeGreaterThan(count);
  const points = await pointsOf(api, selector);
  const up = await pointsOf(api, `up{${matchers}}`);
  const first = points[0]?.value ?? 0;
  const shifted = points.map(({ time, value }) => ({ time, value: value - first + 1 }));
  expect(counterFaults(shifted, shifted.length, new Set(), up)).toEqual([]);
}

interface Received {
  readonly at: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const v2 = { protobuf_message: 'io.prometheus.write.v2.Request' };
const isV2 = ({ headers }: Pick<Received, 'headers'>): boolean => headers['content-type']?.includes('v2') === true;

/** A receiver that answers what `status` says, and remembers what it was sent. */
async function fakeReceiver(
  status: (request: Received) => number,
  headers: (request: Received) => Record<string, string> = () => ({}),
  reason = 'the reason',
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const one = { at: Date.now(), headers: request.headers, body: Buffer.concat(chunks) };
        received.push(one);
        response.writeHead(status(one), headers(one)).end(`${reason}\n`);
      });
  });
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/write`, received };
}

const batchOf = ({ body }: Received) => decodeWriteRequestV2(decodeSnappy(body, 1e8));

/** As a receiver of 2.0 answers. */
function writtenHeaders(request: Received): Record<string, string> {
  if (!isV2(request)) return {};
  const { written } = batchOf(request);
  return {
    'x-prometheus-remote-write-samples-written': String(written.samples),
    'x-prometheus-remote-write-histograms-written': String(written.histograms),
    'x-prometheus-remote-write-exemplars-written': String(written.exemplars),
  };
}

const missing = (path: string): boolean => {
  if (!existsSync(path)) console.warn(`SKIPPED: the agent does not write to ${path}, which is missing.`);
  return !existsSync(path);
};

describe('what the agent scrapes', () => {
  it('is stored by a real Nightshift, with external labels, relabelled for it', async () => {
    const serve = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => serve.stop());
    const remoteWrite = {
      url: `${serve.url}/api/v1/write`,
      authorization: { credentials: await ingestToken(serve) },
      write_relabel_configs: [{ source_labels: ['__name__'], regex: 'scrape_.*', action: 'drop' }],
    };
    const agent = await agentOf(configOf([remoteWrite], { external_labels: { site: 'north' } }));
    await expectGapless(serve, 5, 'job="app",site="north"');
    expect(await pointsOf(serve, 'scrape_samples_scraped')).toEqual([]);
    expect(await agentMetric(agent, 'nightshift_agent_targets', 'health="up"')).toBe(1);
    expect(await agentMetric(agent, 'nightshift_agent_samples_sent_total')).toBeGreaterThan(10);
  });

  it('comes from variables alone, with the host', async () => {
    const serve = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => serve.stop());
    const agent = await startAgent({
      entry: command.entry,
      dir: emptyDir(),
      env: {
        NIGHTSHIFT_AGENT_URL: `${serve.url}/api/v1/write`,
        NIGHTSHIFT_AGENT_TOKEN: await ingestToken(serve),
        NIGHTSHIFT_AGENT_TARGETS: target.address,
        NIGHTSHIFT_AGENT_JOB: 'app',
        NIGHTSHIFT_AGENT_INTERVAL: '300ms',
        NIGHTSHIFT_AGENT_HOST_METRICS: 'true',
      },
    });
    ends.push(() => agent.stop());
    await expectGapless(serve, 3);
    await expect
      .poll(async () => (await pointsOf(serve, 'node_load1{job="node"}')).length, { timeout: 10_000 })
      .toBeGreaterThan(1);
  });

  it.skipIf(missing(debianPrometheus))('is stored by a real Prometheus', async () => {
    const prometheus = await startPrometheus({ dir: emptyDir() });
    ends.push(() => prometheus.stop());
    await agentOf(configOf([{ url: `${prometheus.url}/api/v1/write` }]));
    await expectGapless(prometheus, 5);
  });

  it.skipIf(missing(debianVictoriaMetrics))('is stored by a real VictoriaMetrics', async () => {
    const args = ['-search.latencyOffset=0s', '-search.disableCache'];
    const victoria = await startVictoriaMetrics(emptyDir(), args);
    ends.push(() => victoria.stop());
    await agentOf(configOf([{ url: `${victoria.url}/api/v1/write` }]));
    await expectGapless(victoria, 5);
  });
});

describe('a destination that is down', () => {
  it('gets everything when it is back, and holds up no other', async () => {
    const dir = emptyDir();
    const first = await startServe(command.entry, dir, await freePort());
    const port = Number(new URL(first.url).port);
    const firstToken = await ingestToken(first);
    const other = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => other.stop());
    const agent = await agentOf(
      configOf([
        { name: 'first', url: `${first.url}/api/v1/write`, authorization: { credentials: firstToken } },
        { name: 'other', url: `${other.url}/api/v1/write`, authorization: { credentials: await ingestToken(other) } },
      ]),
    );
    await expectGapless(first, 3);
    await first.kill();
    const sent = await agentMetric(agent, 'nightshift_agent_samples_sent_total', 'destination="other"');
    await expect
      .poll(() => agentMetric(agent, 'nightshift_agent_samples_sent_total', 'destination="other"'), { timeout: 20_000 })
      .toBeGreaterThan(sent + 50);
    expect(await agentMetric(agent, 'nightshift_agent_spool_records', 'destination="first"')).toBeGreaterThan(3);
    expect(await agentMetric(agent, 'nightshift_agent_failing_since_timestamp_seconds', '"first"')).toBeGreaterThan(0);
    const again = await startServe(command.entry, dir, port);
    ends.push(() => again.stop());
    const waiting = () => agentMetric(agent, 'nightshift_agent_spool_records', 'destination="first"');
    await expect.poll(waiting, { timeout: 20_000 }).toBeLessThan(3);
    await expectGapless(again, 10);
    await expectGapless(other, 10);
    expect(agent.output()).toContain('the destination takes data again');
  });

  it('loses the oldest when its spool is full, which is counted and logged', async () => {
    const receiver = await fakeReceiver(() => 503);
    const big = await startCounterTarget(20_000);
    ends.push(() => big.close());
    const config = {
      ...configOf([{ url: receiver.url }]),
      scrape_configs: [{ job_name: 'big', static_configs: [{ targets: [big.address] }] }],
      global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    };
    const agent = await agentOf(config, { NIGHTSHIFT_AGENT_SPOOL_BYTES: '1MiB' });
    await expect
      .poll(() => agentMetric(agent, 'nightshift_agent_spool_dropped_records_total'), { timeout: 25_000 })
      .toBeGreaterThan(0);
    expect(await agentMetric(agent, 'nightshift_agent_spool_dropped_bytes_total')).toBeGreaterThan(0);
    expect(agent.output()).toContain('the spool is full: the oldest was dropped');
    // The batch that is being sent is kept whatever the cap says.
    expect(await agentMetric(agent, 'nightshift_agent_spool_bytes')).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('the answer of a destination', () => {
  it('that refuses drops that request with its reason, and the next ones are sent', async () => {
    const receiver = await fakeReceiver(() => 400);
    const agent = await agentOf(configOf([{ url: receiver.url }]));
    const lost = () => agentMetric(agent, 'nightshift_agent_samples_lost_total', 'reason="400"');
    await expect.poll(lost, { timeout: 10_000 }).toBeGreaterThan(6);
    expect(receiver.received.length).toBeGreaterThan(2);
    expect(agent.output()).toContain('HTTP 400: the reason');
  });

  it('that takes a part tells how much, and the rest is lost for the reason that it names', async () => {
    const serve = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => serve.stop());
    const old = await startCounterTarget(0, `late 1 ${Date.now() - 90 * 24 * 3_600_000}\n`);
    ends.push(() => old.close());
    const authorization = { credentials: await ingestToken(serve) };
    const agent = await agentOf({
      ...configOf([{ url: `${serve.url}/api/v1/write`, authorization }]),
      scrape_configs: [{ job_name: 'app', static_configs: [{ targets: [old.address] }] }],
    });
    await expectGapless(serve, 5);
    const lost = () => agentMetric(agent, 'nightshift_agent_samples_lost_total');
    await expect.poll(lost, { timeout: 10_000 }).toBeGreaterThan(3);
    const all = await lost();
    // With `repeated` behind it in the first batch, which may have been sent by a process before.
    const named = await agentMetric(agent, 'nightshift_agent_samples_lost_total', 'reason="400 out of bounds');
    expect(named).toBeGreaterThanOrEqual(all);
    const sent = await agentMetric(agent, 'nightshift_agent_samples_sent_total');
    expect(sent).toBeGreaterThanOrEqual(perScrape * named);
  });

  it('that refuses all because of one scrape gets the others alone', async () => {
    const isOfTwo = ({ body }: Received) => decodeWriteRequest(decodeSnappy(body, 1e8)).values.length > perScrape;
    const receiver = await fakeReceiver((one) => (isOfTwo(one) ? 400 : 204), undefined, 'out of order sample');
    const slow = { ...queue, batch_send_deadline: '1s', max_shards: 1 };
    const agent = await agentOf(configOf([{ url: receiver.url, queue_config: slow }]));
    const sent = () => agentMetric(agent, 'nightshift_agent_samples_sent_total');
    await expect.poll(sent, { timeout: 15_000 }).toBeGreaterThan(5 * perScrape);
    expect(receiver.received.some(isOfTwo)).toBe(true);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
  });

  it.each([{}, v2])('is not asked for where relabelling leaves nothing: %j', async (message) => {
    const receiver = await fakeReceiver(() => 204, writtenHeaders);
    const nothing = [{ action: 'drop', regex: '.*', source_labels: ['__name__'] }];
    const other = await fakeReceiver(() => 204);
    await agentOf(configOf([{ url: receiver.url, write_relabel_configs: nothing, ...message }, { url: other.url }]));
    await expect.poll(() => other.received.length, { timeout: 10_000 }).toBeGreaterThan(5);
    expect(receiver.received).toEqual([]);
  });

  it('that asks to wait is waited for', async () => {
    let status = 429;
    const receiver = await fakeReceiver(
      () => status,
      () => ({ 'retry-after': '2' }),
    );
    const agent = await agentOf(configOf([{ url: receiver.url, queue_config: { ...queue, max_shards: 1 } }]));
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    const [first = 0, second = 0] = receiver.received.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(1900);
    status = 204;
    const sent = () => agentMetric(agent, 'nightshift_agent_samples_sent_total');
    await expect.poll(sent, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
  });
});

describe('a token that is no longer right', () => {
  it('loses nothing: everything is kept and delivered once it is put right, and the agent says so', async () => {
    const token = join(emptyDir(), 'token');
    writeFileSync(token, 'old');
    const receiver = await fakeReceiver(({ headers }) => (headers.authorization === 'Bearer new' ? 204 : 401));
    const agent = await agentOf(configOf([{ url: receiver.url, authorization: { credentials_file: token } }]));
    const denied = () => agentMetric(agent, 'nightshift_agent_denied');
    await expect.poll(denied, { timeout: 10_000 }).toBe(1);
    await expect
      .poll(() => agentMetric(agent, 'nightshift_agent_retries_total', 'reason="401"'), { timeout: 10_000 })
      .toBeGreaterThan(2);
    const shown = async () => (await fetch(`${agent.url}/destinations`)).json();
    const { data } = (await shown()) as { data: { destinations: object[] } };
    expect(data.destinations).toMatchObject([{ health: 'denied', lastError: 'HTTP 401: the reason' }]);
    expect(agent.output().match(/the destination denies access/g)).toHaveLength(1);
    expect(await agentMetric(agent, 'nightshift_agent_samples_sent_total')).toBe(0);
    writeFileSync(token, 'new');
    const scraped = await agentMetric(agent, 'nightshift_agent_scraped_samples_total');
    const sent = () => agentMetric(agent, 'nightshift_agent_samples_sent_total');
    await expect.poll(sent, { timeout: 35_000 }).toBeGreaterThanOrEqual(scraped);
    expect(await denied()).toBe(0);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
  }, 60_000);
});

describe('remote write 2.0', () => {
  it('is sent with its headers, and with the metadata of each series', async () => {
    const receiver = await fakeReceiver(() => 204, writtenHeaders);
    const agent = await agentOf(configOf([{ url: receiver.url, ...v2 }]));
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(3);
    for (const one of receiver.received) {
      expect(one.headers).toMatchObject({
        'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '2.0.0',
      });
      expect(one.headers['user-agent']).toMatch(/./);
      const { batch, refusal } = batchOf(one);
      expect(refusal).toBe('');
      expect(batch.metadata).toEqual([
        { name: 'ticks_total', type: 'counter', help: 'Scrapes of this target.', unit: '' },
      ]);
    }
    expect(await agentMetric(agent, 'nightshift_agent_protobuf_message_info', 'write.v2.Request')).toBe(1);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
  });

  it.each([
    ['with 415', 415],
    ['with 400, as an old one may', 400],
    ['with success, and without the headers of 2.0', 204],
  ])('is given up for 1.0 where the destination answers %s, and nothing is lost', async (_what, status) => {
    const receiver = await fakeReceiver((one) => (isV2(one) ? status : 204));
    const agent = await agentOf(configOf([{ url: receiver.url, ...v2, queue_config: { ...queue, max_shards: 1 } }]));
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(4);
    expect(receiver.received.map(isV2)).toEqual(receiver.received.map((_one, i) => i === 0));
    expect(receiver.received[1]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
    });
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
    expect(await agentMetric(agent, 'nightshift_agent_protobuf_message_info', '"prometheus.WriteRequest"')).toBe(1);
    expect(agent.output()).toContain('does not understand remote write 2.0');
  });

  it('counts as lost what the answer does not count as written, and goes on with 2.0', async () => {
    const none = { 'x-prometheus-remote-write-samples-written': '1' };
    const receiver = await fakeReceiver(
      () => 200,
      () => none,
    );
    const agent = await agentOf(configOf([{ url: receiver.url, ...v2 }]));
    const lost = () => agentMetric(agent, 'nightshift_agent_samples_lost_total', 'reason="not written"');
    await expect.poll(lost, { timeout: 10_000 }).toBeGreaterThan(10);
    expect(receiver.received.every(isV2)).toBe(true);
  });

  it('is final where a part was refused: what was written is counted, and the rest is lost', async () => {
    let asked = 0;
    const receiver = await fakeReceiver(() => (asked++ === 0 ? 204 : 400), writtenHeaders);
    const agent = await agentOf(configOf([{ url: receiver.url, ...v2, queue_config: { ...queue, max_shards: 1 } }]));
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(receiver.received.every(isV2)).toBe(true);
    expect(await agentMetric(agent, 'nightshift_agent_retries_total')).toBeNaN();
  });

  it('is stored by a real Nightshift', async () => {
    const serve = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => serve.stop());
    const authorization = { credentials: await ingestToken(serve) };
    const agent = await agentOf(configOf([{ url: `${serve.url}/api/v1/write`, authorization, ...v2 }]));
    await expectGapless(serve, 5);
    expect(await agentMetric(agent, 'nightshift_agent_protobuf_message_info', 'write.v2.Request')).toBe(1);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
  });

  it.skipIf(missing(debianPrometheus))('becomes 1.0 for a real Prometheus that knows nothing else', async () => {
    const prometheus = await startPrometheus({ dir: emptyDir() });
    ends.push(() => prometheus.stop());
    await agentOf(configOf([{ url: `${prometheus.url}/api/v1/write`, ...v2 }]));
    await expectGapless(prometheus, 5);
  });
});

describe('classic histograms that are converted', () => {
  const histogram = `# TYPE took_seconds histogram
took_seconds_bucket{le="0.5"} 2
took_seconds_bucket{le="+Inf"} 5
took_seconds_sum 7
took_seconds_count 5
`;
  const nhcb = { convert_classic_histograms_to_nhcb: true };
  const native = { send_native_histograms: true };
  const converting = async (remoteWrite: object) => {
    const shown = await startCounterTarget(0, histogram);
    ends.push(() => shown.close());
    return agentOf({
      ...configOf([remoteWrite], nhcb),
      scrape_configs: [{ job_name: 'app', static_configs: [{ targets: [shown.address] }] }],
    });
  };
  const lostCustom = (agent: RunningProcess) =>
    agentMetric(agent, 'nightshift_agent_samples_lost_total', 'reason="custom buckets in 1.0"');

  it('arrive by remote write 2.0, scrape after scrape, with the type of their family', async () => {
    const serve = await startServe(command.entry, emptyDir(), 0);
    ends.push(() => serve.stop());
    const authorization = { credentials: await ingestToken(serve) };
    const agent = await converting({ url: `${serve.url}/api/v1/write`, authorization, ...v2, ...native });
    await expectGapless(serve, 5);
    const value = async (query: string) => {
      const response = await fetch(`${serve.url}/api/v1/query?query=${encodeURIComponent(query)}`, {
        headers: serve.headers,
      });
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result.map(({ value: [, text] }) => Number(text));
    };
    expect(await value('histogram_count(took_seconds)')).toEqual([5]);
    expect(await value('histogram_sum(took_seconds)')).toEqual([7]);
    expect(await value('histogram_quantile(0.2, took_seconds)')).toEqual([0.25]);
    expect(await value('count_over_time(took_seconds[1m]) > 4')).toHaveLength(1);
    expect(await value('{__name__=~"took_seconds_.*"}')).toEqual([]);
    expect(await agentMetric(agent, 'nightshift_agent_samples_lost_total')).toBeNaN();
    const receiver = await fakeReceiver(() => 204, writtenHeaders);
    await converting({ url: receiver.url, ...v2, ...native });
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(1);
    const { batch } = batchOf(receiver.received[0] as Received);
    expect(batch.histograms?.[0]?.histogram).toMatchObject({
      isInteger: true,
      schema: -53,
      bounds: Float64Array.of(0.5),
    });
    expect(batch.metadata).toContainEqual({ name: 'took_seconds', type: 'histogram', help: '', unit: '' });
  });

  it('are left out of 1.0, which has no place for them: counted, logged once, and all else arrives', async () => {
    const receiver = await fakeReceiver(() => 204);
    const agent = await converting({ url: receiver.url, ...native });
    await expect.poll(() => lostCustom(agent), { timeout: 10_000 }).toBeGreaterThan(3);
    const sent = receiver.received.map(({ body }) => decodeWriteRequest(decodeSnappy(body, 1e8)));
    expect(sent.every(({ histograms }) => histograms === undefined)).toBe(true);
    const names = new Set(sent.flatMap(({ series }) => series.map((labels) => labels.get('__name__'))));
    expect(names.has('ticks_total')).toBe(true);
    expect(names.has('took_seconds')).toBe(false);
    expect(agent.output().match(/has no histograms with custom buckets/g)).toHaveLength(1);
    const unsaid = 'nightshift_agent_samples_lost_total{destination';
    const page = await (await fetch(`${agent.url}/metrics`)).text();
    expect(page.split('\n').filter((line) => line.startsWith(unsaid))).toHaveLength(1);
  });

  it('are left out as well where a destination turns out to understand 1.0 alone', async () => {
    const receiver = await fakeReceiver((one) => (isV2(one) ? 415 : 204));
    const agent = await converting({ url: receiver.url, ...v2, ...native });
    await expect.poll(() => lostCustom(agent), { timeout: 10_000 }).toBeGreaterThan(1);
    const sent = receiver.received.filter((one) => !isV2(one)).map(({ body }) => decodeSnappy(body, 1e8));
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every((body) => decodeWriteRequest(body).histograms === undefined)).toBe(true);
  });
});

describe('the pages of the agent', () => {
  it('show targets as Prometheus does, and read the configuration anew without disturbing what did not change', async () => {
    const receiver = await fakeReceiver(() => 204);
    const dir = emptyDir();
    const config = configOf([{ url: receiver.url }]);
    const agent = await startAgent({ entry: command.entry, dir, config });
    ends.push(() => agent.stop());
    const targets = async () => {
      const answer = (await (await fetch(`${agent.url}/targets`)).json()) as {
        status: string;
        data: { activeTargets: Record<string, unknown>[] };
      };
      return answer.data.activeTargets;
    };
    await expect.poll(async () => (await targets())[0]?.health, { timeout: 10_000 }).toBe('up');
    expect((await targets())[0]).toMatchObject({
      labels: { job: 'app', instance: target.address },
      scrapePool: 'app',
      scrapeInterval: '200ms',
      lastError: '',
    });
    for (const page of ['/-/healthy', '/-/ready']) expect((await fetch(agent.url + page)).status).toBe(200);
    writeFileSync(join(dir, 'prometheus.yml'), '{"scrape_config": [], "remote_write": [{"urll": "x"}]}');
    const bad = await fetch(`${agent.url}/-/reload`, { method: 'POST' });
    expect(bad.status).toBe(500);
    const text = await bad.text();
    expect(text).toContain('did you mean `scrape_configs`?');
    expect(text).toContain('did you mean `url`?');
    expect(await agentMetric(agent, 'nightshift_agent_config_last_reload_successful')).toBe(0);
    expect((await targets())[0]?.health).toBe('up');
    const more = { job_name: 'more', static_configs: [{ targets: [target.address] }] };
    const sent = await agentMetric(agent, 'nightshift_agent_samples_sent_total');
    const next = { ...config, scrape_configs: [...config.scrape_configs, more] };
    writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(next));
    process.kill(agent.pid, 'SIGHUP');
    await expect.poll(async () => (await targets()).length, { timeout: 10_000 }).toBe(2);
    expect(await agentMetric(agent, 'nightshift_agent_samples_sent_total')).toBeGreaterThanOrEqual(sent);
    expect((await fetch(`${agent.url}/-/reload`)).status).toBe(405);
    const foreign = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
    expect((await fetch(`${agent.url}/-/reload`, foreign)).status).toBe(403);
  });

  it('are of one agent: a second one in the same directory is refused', async () => {
    const receiver = await fakeReceiver(() => 204);
    const dir = emptyDir();
    const config = configOf([{ url: receiver.url }]);
    const agent = await startAgent({ entry: command.entry, dir, config });
    ends.push(() => agent.stop());
    await expect(startAgent({ entry: command.entry, dir, config })).rejects.toThrow('is in use by another agent');
  });
});
