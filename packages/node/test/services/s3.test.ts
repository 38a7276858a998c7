import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clientS3 } from '../../src/services/s3/client-s3.ts';
import { freePort } from './redis-server.ts';
import { unhandledWhile, type Watched, type Watching, watching } from './watching.ts';

const require = createRequire(import.meta.url);
const { S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand, ListBucketsCommand } =
  require('@aws-sdk/client-s3') as typeof import('@aws-sdk/client-s3');
const S3rver = require('s3rver') as new (options: object) => { run(): Promise<unknown>; close(): Promise<unknown> };

describe('@aws-sdk/client-s3', () => {
  const directory = mkdtempSync(join(tmpdir(), 'nightshift-s3-'));
  let storage: InstanceType<typeof S3rver>;
  let port = 0;
  let current: Watching;
  const clients: InstanceType<typeof S3Client>[] = [];

  const watch = (options: Omit<Watched, 'modules'> = {}) => {
    current = watching({ modules: [clientS3], ...options });
    return current;
  };
  const connect = (to = port, options = {}) => {
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${to}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      ...options,
    });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    port = await freePort();
    const configureBuckets = [{ name: 'photos' }];
    storage = new S3rver({ address: '127.0.0.1', port, directory, silent: true, configureBuckets });
    await storage.run();
  });
  afterAll(async () => {
    await storage.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    current.stop();
  });

  const told = (error: Error & { $metadata?: { httpStatusCode?: number } }) => [
    error.name,
    error.$metadata?.httpStatusCode,
  ];

  async function exercise(): Promise<unknown[]> {
    const seen: unknown[] = [];
    const client = connect();
    const file = join(directory, 'upload.txt');
    writeFileSync(file, 'x'.repeat(100_000));
    seen.push((await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a', Body: 'hello' }))).ETag);
    seen.push(
      (await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'b', Body: createReadStream(file) }))).ETag,
    );
    const got = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a' }));
    seen.push(got.ContentLength, await got.Body?.transformToString());
    seen.push(await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'none' })).catch(told));
    seen.push(
      await new Promise((done) => {
        const returned = client.send(new HeadObjectCommand({ Bucket: 'photos', Key: 'a' }), (error, output) =>
          done([error, output?.ContentLength, returned]),
        );
      }),
    );
    seen.push(
      await new Promise((done) =>
        client.send(new HeadObjectCommand({ Bucket: 'photos', Key: 'none' }), {}, (...args) =>
          done([args.length, told(args[0] as Error)]),
        ),
      ),
    );
    const given = new AbortController();
    const aborted = client.send(new ListBucketsCommand({}), { abortSignal: given.signal }).catch(told);
    given.abort();
    seen.push(await aborted, S3Client.prototype.send.name, S3Client.prototype.send.length);
    seen.push(client.middlewareStack.identify());
    return JSON.parse(JSON.stringify(seen));
  }

  it('is as without the library, also when every part of that fails', async () => {
    watch({ options: { enabled: false } });
    const plain = await exercise();
    expect(Object.hasOwn(S3Client.prototype, 'send')).toBe(false);
    current.stop();
    const watched = watch();
    expect(await exercise()).toEqual(plain);
    expect(watched.hub.guard.counts()).toEqual(new Map());
    watched.stop();
    expect(Object.hasOwn(S3Client.prototype, 'send')).toBe(false);
    const broken = watch({ broken: true });
    expect(await exercise()).toEqual(plain);
    expect(broken.hub.guard.counts().get('s3.start')).toBe(7);
  });

  it('counts calls and bytes by bucket and result, and has the requests within its span', async () => {
    const { hub, operations, metric, spans } = watch();
    const before = operations('s3').length;
    expect(before).toBe(0);
    await exercise();
    expect(operations('s3')).toEqual([
      'PutObject photos',
      'PutObject photos',
      'GetObject photos',
      'GetObject photos!',
      'HeadObject photos',
      'HeadObject photos!',
      'ListBuckets',
    ]);
    const put = 'operation="PutObject",bucket="photos",result="ok"';
    expect(await metric(`s3_client_operation_duration_seconds_count{${put}}`)).toBe(2);
    expect(await metric(`s3_client_bytes_total{${put},direction="sent"}`)).toBe(100_005);
    const get = 'operation="GetObject",bucket="photos"';
    expect(await metric(`s3_client_bytes_total{${get},result="ok",direction="received"}`)).toBe(5);
    expect(await metric(`s3_client_operation_duration_seconds_count{${get},result="NoSuchKey"}`)).toBe(1);
    expect(Object.fromEntries(spans[0]!.attributes)).toMatchObject({
      'rpc.system': 'aws-api',
      'rpc.service': 'S3',
      'rpc.method': 'PutObject',
      'aws.s3.bucket': 'photos',
      'http.response.status_code': 200,
    });
    expect(hub.guard.counts()).toEqual(new Map());
  });

  it('has the callback in the context of whoever gave it', async () => {
    const { hub } = watch();
    const client = connect();
    const outer = hub.tracer.start('GET /', 'server');
    const active = await hub.tracer.run(
      outer,
      () =>
        new Promise((done) =>
          client.send(new HeadObjectCommand({ Bucket: 'photos', Key: 'a' }), () => done(hub.tracer.active())),
        ),
    );
    expect(active).toBe(outer);
  });

  it('lets a rejection that nobody handles be one, once, and counts a storage that is away', async () => {
    const { metric } = watch();
    let server: Server | undefined = createServer((_request, response) => response.writeHead(503).end());
    const away = await freePort();
    await new Promise<void>((listening) => server?.listen(away, '127.0.0.1', listening));
    const client = connect(away, { maxAttempts: 1 });
    const reasons = await unhandledWhile(1, async () => void client.send(new ListBucketsCommand({})));
    expect(reasons).toHaveLength(1);
    server.closeAllConnections();
    server.close();
    server = undefined;
    await expect(client.send(new ListBucketsCommand({}))).rejects.toThrow();
    const text = await current.hub.meters.registry.metrics();
    expect(text).toMatch(
      /s3_client_operation_duration_seconds_count\{operation="ListBuckets",bucket="",result="(?!ok)/,
    );
    expect(
      await metric('s3_client_operation_duration_seconds_count{operation="ListBuckets",bucket="",result="ok"}'),
    ).toBe(0);
  });
});
