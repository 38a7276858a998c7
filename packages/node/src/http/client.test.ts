import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { start } from '../core/start.ts';
import { asOwnRequest } from '../export/own-requests.ts';
import type { FinishedSpan } from '../tracing/own-tracer.ts';
import { httpClient } from './client.ts';
import { fetchClient } from './fetch.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function library(options = {}) {
  const say = (text: string) => expect(text).toBe('');
  const hub = start({ options, environment: {}, instrumentations: [httpClient, fetchClient], say });
  const spans: FinishedSpan[] = [];
  hub.onSpan((span) => spans.push(span));
  closing.push(hub.stop);
  const lines = async () =>
    (await hub.meters.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('http_client_request_duration_seconds_count'))
      .map((line) => line.slice(line.indexOf('{')));
  return { hub, spans, lines };
}

/** Answers with the status that the path names, or not at all; remembers the headers. */
async function peer() {
  const seen: IncomingHttpHeaders[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request.headers);
    const status = Number(request.url?.slice(1, 4));
    if (status === 0) request.socket.destroy();
    else response.writeHead(status).end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, seen };
}

const byHttp = (url: string, headers = {}) =>
  new Promise<string>((resolve) => {
    const request = http.get(url, { headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`));
  });

const byFetch = (url: string, headers = {}) =>
  fetch(url, { headers }).then(
    (response) => response.text(),
    (error: Error) => `${(error.cause as NodeJS.ErrnoException).code}`,
  );

describe.each([
  ['http.request', byHttp],
  ['fetch', byFetch],
])('%s', (_name, request) => {
  it('is counted by host and status, with a span whose trace goes on at the other end', async () => {
    const { hub, spans, lines } = library();
    const { host, seen } = await peer();
    const outer = hub.tracer.start('outer', 'internal');
    await hub.tracer.run(outer, async () => {
      expect(await request(`http://${host}/200?sig=secret&b=1`)).toBe('body');
      expect(await request(`http://${host}/503`)).toBe('body');
      expect(await request(`http://${host}/000`)).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    });
    await sleep(20);
    expect((await lines()).sort()).toEqual([
      `{method="GET",host="${host}",status="200"} 1`,
      `{method="GET",host="${host}",status="503"} 1`,
      `{method="GET",host="${host}",status="error"} 1`,
    ]);
    const [ok, bad, broken] = spans;
    expect(seen[0]?.traceparent).toBe(`00-${outer.traceId}-${ok?.spanId}-01`);
    expect(ok).toMatchObject({ parentSpanId: outer.spanId, kind: 'client', failed: false });
    expect(ok?.attributes.get('url.full')).toBe(`http://${host}/200?sig=REDACTED&b=1`);
    expect(bad).toMatchObject({ failed: true });
    expect(bad?.attributes.get('error.type')).toBe('503');
    expect(broken?.attributes.get('error.type')).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(hub.recorder.kinds()[0]).toMatchObject({ kind: 'http_client', total: { count: 3, failed: 2 } });
  });

  it('keeps a traceparent of the application’s own, and sends none where no trace is', async () => {
    library({ traceRate: 0 });
    const { host, seen } = await peer();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await request(`http://${host}/200`, { traceparent });
    await request(`http://${host}/200`);
    expect(seen.map((headers) => headers.traceparent)).toEqual([traceparent, undefined]);
  });

  it('names a bounded number of hosts', async () => {
    const { lines } = library();
    const { host } = await peer();
    const [, port] = host.split(':');
    for (let i = 1; i <= 105; i++) await request(`http://127.0.0.${i}:${port}/200`).catch(() => {});
    await sleep(20);
    expect((await lines()).filter((line) => line.includes('host="other"'))).toEqual([
      '{method="GET",host="other",status="error"} 5',
    ]);
  });
});

it('does not look at the library’s own export', async () => {
  const { host, seen } = await peer();
  const { lines, spans } = library();
  await asOwnRequest(() => byHttp(`http://${host}/200/v1/traces`));
  expect(seen[0]?.traceparent).toBeUndefined();
  expect(await lines()).toEqual([]);
  expect(spans).toEqual([]);
});
