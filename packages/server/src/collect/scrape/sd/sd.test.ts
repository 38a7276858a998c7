import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultHttpClient } from '../config/types.ts';
import type { Discovery, TargetGroup } from '../discovery.ts';
import { type DnsSdConfig, dnsDiscovery } from './dns.ts';
import { fileDiscovery } from './file.ts';
import { filesOf } from './glob.ts';
import { httpDiscovery } from './http.ts';
import { staticDiscovery } from './static.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Follows a discovery: the groups that there are now, by source, and what it could not do. */
function follow(discovery: Discovery) {
  const groups = new Map<string, TargetGroup>();
  const failures: string[] = [];
  ends.push(() => discovery.close());
  discovery.start(
    (found) => {
      for (const group of found) {
        if (group.targets.length === 0) groups.delete(group.source);
        else groups.set(group.source, group);
      }
    },
    (reason) => failures.push(reason),
  );
  const targets = () =>
    [...groups.values()].flatMap(({ targets, labels }) =>
      targets.map((target) => Object.fromEntries([...labels, ...target])),
    );
  return { targets, addresses: () => targets().map((target) => target.__address__), failures };
}

const until = <T>(read: () => T, expected: T) => expect.poll(read, { timeout: 5000, interval: 10 }).toEqual(expected);

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-sd-'));
  ends.push(() => rmSync(dir, { recursive: true }));
  return dir;
}

it('static groups are there at once', () => {
  const group = { source: '0', targets: [new Map([['__address__', 'a:1']])], labels: new Map([['env', 'x']]) };
  expect(follow(staticDiscovery([group])).targets()).toEqual([{ __address__: 'a:1', env: 'x' }]);
});

describe('files', () => {
  it('are read as JSON and YAML, and say where they are from', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'a.json'), '[{"targets": ["a:1", "a:2"], "labels": {"env": "x"}}]');
    writeFileSync(join(dir, 'b.yml'), '- targets: [b:1]\n');
    const found = follow(fileDiscovery({ files: [join(dir, '*.json'), join(dir, 'b.yml')], refreshMs: 60_000 }));
    await until(found.targets, [
      { __address__: 'a:1', env: 'x', __meta_filepath: join(dir, 'a.json') },
      { __address__: 'a:2', env: 'x', __meta_filepath: join(dir, 'a.json') },
      { __address__: 'b:1', __meta_filepath: join(dir, 'b.yml') },
    ]);
  });

  it('are read again when they change, come or go, and a broken one keeps what it said last', async () => {
    const dir = folder();
    const write = (name: string, text: string) => {
      writeFileSync(join(dir, `${name}.tmp`), text);
      renameSync(join(dir, `${name}.tmp`), join(dir, name));
    };
    write('a.json', '[{"targets": ["a:1"]}, {"targets": ["a:2"]}]');
    const found = follow(fileDiscovery({ files: [join(dir, '*.json')], refreshMs: 60_000 }));
    await until(found.addresses, ['a:1', 'a:2']);
    write('a.json', '[{"targets": ["a:3"]}]');
    await until(found.addresses, ['a:3']);
    write('b.json', '[{"targets": ["b:1"]}]');
    await until(found.addresses, ['a:3', 'b:1']);
    write('a.json', '[{"targets": ["a:4"], "lables": {}}]');
    await expect.poll(() => found.failures.join(), { timeout: 5000 }).toContain('unknown field "lables"');
    expect(found.addresses()).toEqual(['a:3', 'b:1']);
    rmSync(join(dir, 'b.json'));
    await until(found.addresses, ['a:3']);
  });

  it('are found by the pattern of their name', () => {
    const dir = folder();
    mkdirSync(join(dir, 'c.yml'));
    for (const name of ['a.yml', 'b1.yml', 'b2.yml', 'b1xyml']) writeFileSync(join(dir, name), '');
    const names = (pattern: string) => filesOf(join(dir, pattern)).map((file) => file.slice(dir.length + 1));
    expect(names('*.yml')).toEqual(['a.yml', 'b1.yml', 'b2.yml']);
    expect(names('b[^2].yml')).toEqual(['b1.yml']);
    expect(names('?.yml')).toEqual(['a.yml']);
    expect(filesOf(join(dir, 'none', '*.yml'))).toEqual([]);
  });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sd`;
}

describe('a list over HTTP', () => {
  it('is asked for again and again, with credentials and the interval', async () => {
    let body = '[{"targets": ["a:1"], "labels": {"env": "x"}}, {"targets": ["a:2"]}]';
    const asked: unknown[] = [];
    const url = await serve((request, response) => {
      asked.push([request.headers.authorization, request.headers['x-prometheus-refresh-interval-seconds']]);
      response.setHeader('content-type', 'application/json; charset=utf-8').end(body);
    });
    const http = { ...defaultHttpClient, authorization: { type: 'Bearer', credentials: { text: 'x', file: '' } } };
    const found = follow(httpDiscovery({ url, refreshMs: 300, http }));
    await until(found.targets, [
      { __address__: 'a:1', env: 'x', __meta_url: url },
      { __address__: 'a:2', __meta_url: url },
    ]);
    body = '[{"targets": ["a:3"]}]';
    await until(found.addresses, ['a:3']);
    expect(asked[0]).toEqual(['Bearer x', '0.3']);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['fails', (_q, r) => r.writeHead(503).end(), /HTTP status 503 Service Unavailable/],
    [
      'is no JSON',
      (_q, r) => r.setHeader('content-type', 'text/html').end('[]'),
      /unsupported content type "text\/html"/,
    ],
    ['is no list', (_q, r) => r.setHeader('content-type', 'application/json').end('{}'), /not a list of target groups/],
  ])('that %s keeps what there was', async (_what, bad, reason) => {
    let answer: RequestListener = (_q, r) =>
      r.setHeader('content-type', 'application/json').end('[{"targets": ["a:1"]}]');
    const url = await serve((request, response) => answer(request, response));
    const found = follow(httpDiscovery({ url, refreshMs: 300, http: defaultHttpClient }));
    await until(found.addresses, ['a:1']);
    answer = bad;
    await expect.poll(() => found.failures.join(), { timeout: 10_000 }).toMatch(reason);
    expect(found.addresses()).toEqual(['a:1']);
  });
});

const types = { A: 1, NS: 2, MX: 15, AAAA: 28, SRV: 33 } as const;

const wireName = (name: string) =>
  Buffer.concat([...name.split('.').map((part) => Buffer.from([part.length, ...Buffer.from(part)])), Buffer.from([0])]);

const u16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])));

/** A name server on loopback (RFC 1035) with one kind of records; `code` 3 says that there is no such name. */
async function nameServer(zone: Record<string, { type: keyof typeof types; data: Buffer }[]>) {
  const server = createSocket('udp4');
  const state = { code: 0 };
  server.on('message', (query, from) => {
    let at = 12;
    const parts: string[] = [];
    while (query[at]) {
      const size = query[at] as number;
      parts.push(query.toString('latin1', at + 1, at + 1 + size));
      at += size + 1;
    }
    const question = query.subarray(12, at + 5);
    const wanted = query.readUInt16BE(at + 1);
    const known = zone[parts.join('.')];
    const records = (known ?? []).filter(({ type }) => types[type] === wanted);
    const code = state.code || (known ? 0 : 3);
    const answers = code === 0 ? records : [];
    const header = Buffer.concat([query.subarray(0, 2), u16(0x8180 | code, 1, answers.length, 0, 0)]);
    const body = answers.map(({ type, data }) =>
      Buffer.concat([u16(0xc00c, types[type], 1, 0, 60, data.length), data]),
    );
    server.send(Buffer.concat([header, question, ...body]), from.port, from.address);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  ends.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { address: `127.0.0.1:${server.address().port}`, state };
}

describe('names', () => {
  const zone = {
    'srv.test': [
      { type: 'SRV', data: Buffer.concat([u16(0, 0, 9100), wireName('one.test')]) },
      { type: 'SRV', data: Buffer.concat([u16(0, 0, 9101), wireName('two.test')]) },
    ],
    'host.test': [
      { type: 'A', data: Buffer.from([10, 0, 0, 1]) },
      { type: 'AAAA', data: Buffer.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) },
      { type: 'MX', data: Buffer.concat([u16(10), wireName('mail.test')]) },
      { type: 'NS', data: wireName('ns.test') },
    ],
  } as const;
  const config = (type: DnsSdConfig['type'], name: string): DnsSdConfig => ({
    names: [name],
    type,
    port: 80,
    refreshMs: 50,
  });

  it.each([
    ['A', 'host.test', [{ __address__: '10.0.0.1:80' }]],
    ['AAAA', 'host.test', [{ __address__: '[2001:db8::1]:80' }]],
    ['MX', 'host.test', [{ __address__: 'mail.test:80', __meta_dns_mx_record_target: 'mail.test.' }]],
    ['NS', 'host.test', [{ __address__: 'ns.test:80', __meta_dns_ns_record_target: 'ns.test.' }]],
    [
      'SRV',
      'srv.test',
      [
        {
          __address__: 'one.test:9100',
          __meta_dns_srv_record_target: 'one.test.',
          __meta_dns_srv_record_port: '9100',
        },
        {
          __address__: 'two.test:9101',
          __meta_dns_srv_record_target: 'two.test.',
          __meta_dns_srv_record_port: '9101',
        },
      ],
    ],
  ] as const)('are asked for their %s records', async (type, name, expected) => {
    const { address } = await nameServer(zone as never);
    const found = follow(dnsDiscovery(config(type, name), [address]));
    await until(
      found.targets,
      expected.map((labels) => ({ ...labels, __meta_dns_name: name })),
    );
  });

  it('that nobody can answer for keep what they had; those that are gone end', async () => {
    const { address, state } = await nameServer(zone as never);
    const found = follow(dnsDiscovery(config('A', 'host.test'), [address]));
    await until(found.addresses, ['10.0.0.1:80']);
    state.code = 2;
    await expect.poll(() => found.failures.join(), { timeout: 10_000 }).toContain('could not resolve "host.test"');
    expect(found.addresses()).toEqual(['10.0.0.1:80']);
    state.code = 3;
    await until(found.addresses, []);
  });
});
