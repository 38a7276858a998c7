import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiOptions, type Manifest, TestApiServer } from './test/api-server.ts';
import { Finding, roleConfig } from './test/found-targets.ts';
import { fill } from './test/manifests.ts';

let server: TestApiServer;
let finding: Finding | undefined;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await finding?.close();
  finding = undefined;
  for (const close of closers.splice(0)) await close();
});

async function open(options: ApiOptions = {}): Promise<string> {
  server = new TestApiServer(options);
  const url = await server.listen();
  closers.push(() => server.close());
  return url;
}

const service = (name: string, port = 80, namespace = 'shop', labels = {}): Manifest => ({
  metadata: { name, namespace, labels },
  spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ name: 'http', port, protocol: 'TCP' }] },
});

const addresses = (found: Finding): string[] =>
  Object.values(found.targets)
    .flat()
    .map((target) => target.__address__ ?? '')
    .sort();

const soon = (read: () => unknown) => expect.poll(read, { timeout: 8000, interval: 10 });

async function find(url: string, more = ''): Promise<Finding> {
  finding = new Finding(roleConfig('service', url, more));
  await soon(() => server.watchers).toBe(1);
  return finding;
}

describe('a list', () => {
  it('is read page by page, and told at once', async () => {
    const url = await open({ pageSize: 7 });
    for (let i = 0; i < 30; i++) server.put('services', service(`s${i}`));
    const found = await find(url);
    await soon(() => addresses(found).length).toBe(30);
    expect(server.count('list', 'services')).toBe(5);
    expect(server.requests[0]?.url.searchParams.get('limit')).toBe('500');
    expect(server.requests[1]?.url.searchParams.get('continue')).not.toBeNull();
  });

  it('whose rest the server has forgotten is read in one piece', async () => {
    const url = await open({ pageSize: 2 });
    for (let i = 0; i < 5; i++) server.put('services', service(`s${i}`));
    server.failNext('services', 'list', (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      // One that was deleted while the pages were read.
      const items = [{ ...service('ghost'), metadata: { name: 'ghost', namespace: 'shop', resourceVersion: '1' } }];
      response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: 'gone@2' }, items }));
      expect(request.url).toContain('limit=500');
    });
    const found = await find(url);
    await soon(() => addresses(found).length).toBe(5);
    expect(server.requests.map(({ url: { searchParams } }) => searchParams.get('limit'))).toEqual([
      '500',
      '500',
      null,
      null,
    ]);
    expect(found.failures).toEqual([]);
  });

  it('that is forbidden says why, and is asked for again', async () => {
    const url = await open();
    server.put('services', service('one'));
    server.forbid('services', true);
    finding = new Finding(roleConfig('service', url));
    const found = finding;
    await soon(() => found.failures.length).toBeGreaterThan(1);
    expect(found.failures[0]).toBe(
      'list services: HTTP status 403 Forbidden: services is forbidden: User "system:serviceaccount:monitoring:nightshift" cannot list resource "services" in API group "" at the cluster scope',
    );
    expect(found.groups.size).toBe(0);
    server.forbid('services', false);
    await soon(() => addresses(found)).toEqual(['one.shop.svc:80']);
  });

  it.each([
    ['no JSON', '<html>', /JSON/],
    ['no list', '{"kind":"Status"}', /the answer is no list of objects/],
    ['a list of nothing usable', '{"metadata":{"resourceVersion":"1"},"items":[7,null,{"spec":[]}]}', undefined],
  ])('that is %s breaks nothing', async (_, body, reason) => {
    const url = await open();
    server.put('services', service('one'));
    server.failNext('services', 'list', (_request, response) => response.end(body));
    const found = await find(url);
    await soon(() => addresses(found)).toEqual(['one.shop.svc:80']);
    if (reason) expect(found.failures[0]).toMatch(reason);
  });

  it('is waited for as long as the server wants', async () => {
    const url = await open();
    server.put('services', service('one'));
    server.failNext('services', 'list', (_request, response) =>
      response.writeHead(429, { 'retry-after': '1' }).end('{"kind":"Status","message":"too many requests"}'),
    );
    const begun = performance.now();
    const found = await find(url);
    await soon(() => addresses(found)).toEqual(['one.shop.svc:80']);
    expect(performance.now() - begun).toBeGreaterThan(950);
    expect(found.failures).toEqual(['list services: HTTP status 429 Too Many Requests: too many requests']);
  });
});

describe('a watch', () => {
  it('tells only groups that changed', async () => {
    const url = await open();
    server.put('services', service('a'));
    server.put('services', service('b'));
    const found = await find(url);
    await soon(() => found.told).toEqual(['svc/shop/a', 'svc/shop/b']);
    server.put('services', service('a'));
    server.put('services', { ...service('b'), status: { changed: 1 } });
    server.put('services', service('b', 81));
    server.delete('services', 'shop', 'a');
    await soon(() => addresses(found)).toEqual(['b.shop.svc:81']);
    expect(found.told.slice(2).sort()).toEqual(['svc/shop/a', 'svc/shop/b']);
    expect(server.count('list', 'services')).toBe(1);
  });

  it('goes on from its last version after a drop in the middle of an event', async () => {
    const url = await open();
    server.put('services', service('a'));
    const found = await find(url);
    server.put('services', service('b'));
    const { version } = server;
    await soon(() => addresses(found).length).toBe(2);
    server.drop(true);
    server.put('services', service('c'));
    await soon(() => addresses(found).length).toBe(3);
    expect(server.requests.at(-1)?.url.searchParams.get('resourceVersion')).toBe(String(version));
    expect(server.count('list', 'services')).toBe(1);
    expect(found.failures).toEqual([]);
  });

  it('goes on from its last version after a failure of the server, and however often the connection drops', async () => {
    const url = await open();
    server.put('services', service('a'));
    server.failNext('services', 'watch', (_request, response) => response.writeHead(503).end());
    const found = await find(url);
    for (let i = 0; i < 8; i++) {
      server.drop();
      server.put('services', service(`after-${i}`));
      await soon(() => addresses(found).length).toBe(2 + i);
      await soon(() => server.watchers).toBe(1);
    }
    expect(server.count('list', 'services')).toBe(1);
  });

  it('goes on from the version of a bookmark', async () => {
    const url = await open();
    server.put('services', service('a'));
    const found = await find(url);
    server.put('pods', { metadata: { name: 'other', namespace: 'shop' } });
    server.bookmark();
    // Without the bookmark the version would be forgotten by now.
    await new Promise((resolve) => setTimeout(resolve, 30));
    server.compact();
    server.endWatches();
    await soon(() => server.count('watch', 'services')).toBe(2);
    await soon(() => server.watchers).toBe(1);
    server.put('services', service('b'));
    await soon(() => addresses(found).length).toBe(2);
    expect(server.count('list', 'services')).toBe(1);
    const asked = server.requests.at(-1)?.url.searchParams;
    expect(asked?.get('allowWatchBookmarks')).toBe('true');
    expect(Number(asked?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(asked?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
  });

  it.each(['status', 'event'] as const)('of a version that is gone (told by %s) begins with a list', async (goneBy) => {
    const url = await open({ goneBy });
    server.put('services', service('a'));
    server.put('services', service('b'));
    const found = await find(url);
    await soon(() => addresses(found).length).toBe(2);
    server.drop();
    server.delete('services', 'shop', 'a');
    server.put('services', service('c'));
    server.compact();
    await soon(() => addresses(found)).toEqual(['b.shop.svc:80', 'c.shop.svc:80']);
    expect(server.count('list', 'services')).toBe(2);
    await soon(() => server.watchers).toBe(1);
    // The first, the one that was told, and the one after the list: a version that is gone is not asked for again.
    expect(server.count('watch', 'services')).toBe(3);
    expect(found.told).toEqual(['svc/shop/a', 'svc/shop/b', 'svc/shop/a', 'svc/shop/c']);
    expect(found.failures).toEqual([]);
  });

  it.each([
    ['no JSON', 'HTTP/1.1 what?\n'],
    ['no event', '[1,2]\n'],
    ['without an object', '{"type":"ADDED"}\n'],
    ['a failure of the server', '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd is away"}}\n'],
  ])('that gets %s goes on all the same', async (_, text) => {
    const url = await open();
    server.put('services', service('a'));
    const found = await find(url);
    await soon(() => addresses(found).length).toBe(1);
    server.send(text);
    await soon(() => server.count('watch', 'services')).toBeGreaterThan(1);
    await soon(() => server.watchers).toBe(1);
    server.put('services', service('b'));
    await soon(() => addresses(found).length).toBe(2);
  });

  it('lists anew where the server refuses the version again and again', async () => {
    const url = await open();
    server.put('services', service('a'));
    for (let i = 0; i < 8; i++) {
      server.failNext('services', 'watch', (_request, response) => response.writeHead(504).end('Too large version'));
    }
    const found = await find(url);
    await soon(() => server.count('list', 'services')).toBeGreaterThan(1);
    server.put('services', service('b'));
    await soon(() => addresses(found).length).toBe(2);
    expect(found.failures[0]).toBe('watch services: HTTP status 504 Gateway Timeout');
  });

  it('waits longer from try to try while nobody answers', async () => {
    const url = await open();
    server.put('services', service('a'));
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      server.failNext('services', 'list', (request) => {
        times.push(performance.now());
        request.socket.destroy();
      });
    }
    finding = new Finding(roleConfig('service', url), { retry: { firstMs: 10, mostMs: 160 }, random: () => 1 });
    const found = finding;
    await soon(() => addresses(found).length).toBe(1);
    const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    for (const [i, least] of [10, 20, 40, 80, 160].entries()) expect(waits[i]).toBeGreaterThan(least * 0.9);
    expect(found.failures.length).toBe(6);
  });

  it('of namespaces asks for each of them alone', async () => {
    const url = await open();
    for (const namespace of ['a', 'b', 'c']) server.put('services', service('s', 80, namespace));
    finding = new Finding(roleConfig('service', url, 'namespaces: { names: [a, c, a] }\n'));
    const found = finding;
    await soon(() => addresses(found)).toEqual(['s.a.svc:80', 's.c.svc:80']);
    expect(new Set(server.requests.map((each) => each.url.pathname))).toEqual(
      new Set(['/api/v1/namespaces/a/services', '/api/v1/namespaces/c/services']),
    );
  });

  it('of what selectors choose loses an object that they no longer choose', async () => {
    const url = await open();
    server.put('services', service('a', 80, 'shop', { app: 'x' }));
    server.put('services', service('b', 80, 'shop', { app: 'y' }));
    const found = await find(url, 'selectors: [{ role: service, label: "app=x", field: "metadata.namespace=shop" }]\n');
    await soon(() => addresses(found)).toEqual(['a.shop.svc:80']);
    server.put('services', service('b', 80, 'shop', { app: 'x' }));
    server.put('services', service('a', 80, 'shop', { app: 'y' }));
    await soon(() => addresses(found)).toEqual(['b.shop.svc:80']);
    for (const { url: asked } of server.requests) {
      expect(asked.searchParams.get('labelSelector')).toBe('app=x');
      expect(asked.searchParams.get('fieldSelector')).toBe('metadata.namespace=shop');
    }
  });
});

describe('targets that are made of several objects', () => {
  beforeEach(async () => {
    const url = await open();
    fill(server);
    const more = 'attach_metadata: { node: true, namespace: true, deployment: true }\n';
    finding = new Finding(roleConfig('endpoints', url, more));
    await soon(() => finding?.targets).toHaveProperty(['endpoints/shop/web']);
    await soon(() => server.watchers).toBe(6);
  });

  const first = () => finding?.targets['endpoints/shop/web']?.[0] ?? {};

  it('follow each of them', async () => {
    await soon(() => first().__meta_kubernetes_pod_deployment_name).toBe('web');
    server.put('namespaces', { metadata: { name: 'shop', labels: { team: 'red' } } });
    await soon(() => first().__meta_kubernetes_namespace_label_team).toBe('red');
    server.put('nodes', { metadata: { name: 'node-a', labels: { disk: 'full' } } });
    await soon(() => first().__meta_kubernetes_node_label_disk).toBe('full');
    server.put('services', { metadata: { name: 'web', namespace: 'shop', labels: { tier: 'back' } } });
    await soon(() => first().__meta_kubernetes_service_label_tier).toBe('back');
    server.delete('pods', 'shop', 'web-0');
    await soon(() => first().__meta_kubernetes_pod_name).toBeUndefined();
    server.delete('endpoints', 'shop', 'web');
    await soon(() => finding?.targets).toEqual({});
  });

  it('are not made again for what no label has', async () => {
    await soon(() => first().__meta_kubernetes_pod_deployment_name).toBe('web');
    const told = finding?.told.length;
    server.put('nodes', {
      metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'z1' }, annotations: { a: 'b' } },
      status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'later' }] },
    });
    server.put('namespaces', { metadata: { name: 'other' } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(finding?.told.length).toBe(told);
  });
});
