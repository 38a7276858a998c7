import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import {
  allEvents,
  appConfig,
  ask,
  eventOf,
  eventually,
  goLive,
  releaseSpec,
  type TestDirectory,
  testDirectory,
  withGoodVersion,
} from './testbed.ts';

let directory: TestDirectory;
let gateway: Gateway;

beforeEach(async () => {
  directory = testDirectory();
  gateway = await startGateway({ dir: directory.dir });
});

afterEach(async () => {
  await gateway.close();
  directory.remove();
});

describe('a bad release', () => {
  it('is rolled back within a second, and no user of a safe request sees a failure', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig());
    await goLive(client, directory, 'v2', 'broken');
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push(await ask(app.url, `/api?i=${i}`));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(12).fill([200, 'GET v1 ']));
    const done = await eventOf(client, 'rollback.done');
    expect(done).toMatchObject({ release: 'v2', to: 'v1', by: 'guard' });
    expect(done.sinceFirstFailureMs).toBeLessThan(1000);
    const events = await allEvents(client);
    const kinds = events.filter((event) => event.release === 'v2').map((event) => event.kind);
    expect(kinds.filter((kind) => /^(guard|rollback)/.test(kind))).toEqual([
      'guard.verdict',
      'guard.replay',
      'rollback.done',
    ]);
    await eventOf(client, 'drained', 'v2');
    expect((await client.status()).apps[0]).toMatchObject({
      live: 'v1',
      lastGood: 'v1',
      verdict: { decision: 'bad', test: 'errors' },
    });
  });

  it('leaves evidence of every failed exchange, without credentials', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig());
    await goLive(client, directory, 'v2', 'broken');
    await ask(
      app.url,
      '/api?x=1',
      { method: 'PUT', headers: { Authorization: 'Bearer hunter2', 'X-Kept': 'yes' } },
      'the body',
    );
    const { exchange, count } = await eventOf(client, 'exchange.failed');
    expect(count).toBe(1);
    expect(exchange).toMatchObject({
      method: 'PUT',
      path: '/api?x=1',
      status: 500,
      responseBody: 'boom from v2',
      requestBody: 'the body',
      failure: 'status',
      visible: false,
      savedBy: { release: 'v1', status: 200 },
    });
    expect(exchange.requestHeaders).toContainEqual(['Authorization', '[redacted]']);
    expect(exchange.requestHeaders).toContainEqual(['X-Kept', 'yes']);
    expect(JSON.stringify(exchange)).not.toContain('hunter2');
    const trace = await eventOf(client, 'trace', 'v2');
    expect(JSON.stringify(trace.otlp)).toContain(exchange.traceId);
    const spans = (
      trace.otlp as {
        resourceSpans: { scopeSpans: { spans: { kind: number; parentSpanId?: string; spanId: string }[] }[] }[];
      }
    ).resourceSpans[0]!.scopeSpans[0]!.spans;
    expect(spans.map((span) => span.kind)).toEqual([2, 3, 3]);
    expect(spans.slice(1).map((span) => span.parentSpanId)).toEqual([spans[0]!.spanId, spans[0]!.spanId]);
    const log = await eventually('the line it wrote', async () =>
      (await allEvents(client)).find((event) => event.kind === 'log' && event.lines.some((line) => line.stream === 2)),
    );
    expect(JSON.stringify(log)).toContain('store.shorten is not a function');
  });

  it('is not rolled back when the last good version fails in the same way', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig());
    await goLive(client, directory, 'v2', 'ok');
    for (let i = 0; i < 12; i++) expect((await ask(app.url, '/broken-everywhere')).status).toBe(500);
    expect(await eventOf(client, 'guard.replay')).toMatchObject({
      conclusion: 'release-is-not-the-cause',
      status: 500,
    });
    await eventOf(client, 'rollback.withheld');
    expect((await client.status()).apps[0]).toMatchObject({ live: 'v2', lastGood: 'v1' });
    expect((await ask(app.url, '/api')).body).toBe('GET v2 ');
  });

  it('that fails only what must not be repeated is rolled back on the statistics alone', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig());
    await goLive(client, directory, 'v2', 'broken-posts');
    const statuses = [];
    for (let i = 0; i < 12; i++) statuses.push((await ask(app.url, '/api', { method: 'POST' }, 'x')).status);
    expect(statuses.slice(0, 3)).toEqual([500, 500, 500]);
    expect(statuses.slice(8)).toEqual([200, 200, 200, 200]);
    expect(await eventOf(client, 'guard.replay')).toMatchObject({ conclusion: 'nothing-safe-to-replay', status: null });
    expect((await client.status()).apps[0]!.live).toBe('v1');
    const first = await eventOf(client, 'exchange.failed');
    expect(first.exchange).toMatchObject({ visible: true, savedBy: null, idempotent: false });
  });

  it('shows its failures where failover is off, and is rolled back all the same', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig({ failover: false }));
    await goLive(client, directory, 'v2', 'broken');
    expect(await ask(app.url, '/api')).toMatchObject({ status: 500, body: 'boom from v2' });
    for (let i = 0; i < 8; i++) await ask(app.url, '/api');
    await eventOf(client, 'rollback.done', 'v2');
    expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
  });

  it('stays where rolling back is switched off, and the reason says so', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig({ rollback: false }));
    await goLive(client, directory, 'v2', 'broken');
    for (let i = 0; i < 8; i++) expect((await ask(app.url, '/api')).status).toBe(200);
    expect((await eventOf(client, 'rollback.withheld')).reason).toContain('switched off');
    expect((await client.status()).apps[0]!.live).toBe('v2');
  });

  it('that dies on every request is taken back, and its users are served meanwhile', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig());
    await goLive(client, directory, 'v2', 'dies');
    for (let i = 0; i < 10; i++) expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
    await eventOf(client, 'rollback.done', 'v2');
    expect(await eventOf(client, 'version.exited', 'v2')).toMatchObject({ code: 7, signal: null });
  });

  it('that hangs is a failure after the time-out', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig({ requestTimeoutMs: 300 }));
    await goLive(client, directory, 'v2', 'hangs');
    expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
    expect((await eventOf(client, 'exchange.failed')).exchange).toMatchObject({
      failure: 'timeout',
      status: null,
      error: 'no answer within 300 ms',
    });
  });

  it('that never becomes healthy fails, and users never met it', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig(), 10);
    await client.release('shop', releaseSpec(directory, 'v2', 'never-healthy', { startTimeoutMs: 1_500 }));
    expect((await eventOf(client, 'release.failed')).reason).toContain('No 2xx from /health');
    expect((await eventOf(client, 'release.failed')).reason).toContain('status 503');
    expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
    await client.release('shop', releaseSpec(directory, 'v3', 'ok', { command: ['/no/such/program'] }));
    expect((await eventOf(client, 'release.failed', 'v3')).reason).toContain('ENOENT');
  });
});

describe('a good release', () => {
  it('is promoted, and the older version is stopped', async () => {
    const guard = { ...appConfig().guard, promoteAfterRequests: 20, promoteAfterMs: 200 };
    const { client, app } = await withGoodVersion(directory, appConfig({ guard }), 200);
    await goLive(client, directory, 'v2', 'ok');
    for (let i = 0; i < 25; i++) expect((await ask(app.url, '/api')).body).toBe('GET v2 ');
    expect((await eventOf(client, 'release.promoted')).verdict.decision).toBe('good');
    await eventually(
      'v1 is stopped',
      async () =>
        (await client.status()).apps[0]!.versions.find((version) => version.release === 'v1')?.state === 'stopped',
    );
    await expect(client.rollback('shop', 'too late')).rejects.toMatchObject({ status: 409, code: 'no_last_good' });
  });

  it('is taken back by a person, and what it was doing is finished first', async () => {
    const { client, app } = await withGoodVersion(directory, appConfig(), 10);
    await goLive(client, directory, 'v2', 'ok');
    const slow = ask(app.url, '/slow');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await client.rollback('shop', 'looks odd')).live).toBe('v1');
    expect((await ask(app.url, '/api')).body).toBe('GET v1 ');
    expect(await slow).toMatchObject({ status: 200, body: 'slow but whole', headers: { 'x-version': 'v2' } });
    expect(await eventOf(client, 'rollback.done')).toMatchObject({
      by: 'person',
      reason: 'looks odd',
      sinceFirstFailureMs: null,
    });
    expect((await eventOf(client, 'drained', 'v2')).connectionsCut).toBe(0);
  });

  it('that follows an unjudged one leaves the last good version the last good', async () => {
    const { client } = await withGoodVersion(directory, appConfig(), 10);
    await goLive(client, directory, 'v2', 'ok');
    await goLive(client, directory, 'v3', 'ok');
    await eventOf(client, 'drained', 'v2');
    expect((await client.status()).apps[0]).toMatchObject({ live: 'v3', lastGood: 'v1' });
    expect((await eventOf(client, 'release.live', 'v3')).previous).toBe('v2');
  });
});
