import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Manifest, type ResourceName, TestApiServer } from './test/api-server.ts';
import { Finding, type Found, roleConfig } from './test/found-targets.ts';

const number = fc.integer({ min: 0, max: 2 });

/** Manifests of which later versions differ in what labels are made from, and in what they are not. */
const manifests: Partial<Record<ResourceName, (i: number, version: number) => Manifest>> = {
  pods: (i, version) => ({
    metadata: { name: `pod${i}`, namespace: 'shop', labels: { version: String(version) } },
    spec: {
      nodeName: `node${version % 3}`,
      containers: [{ name: 'app', ports: [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 90 }] }],
    },
    status: { podIP: version % 4 === 0 ? '' : `10.0.0.${i}`, phase: 'Running' },
  }),
  services: (i, version) => ({
    metadata: { name: `web${i}`, namespace: 'shop', annotations: { version: String(version >> 1) } },
  }),
  endpointslices: (i, version) => ({
    metadata: { name: `slice${i}`, namespace: 'shop', labels: { 'kubernetes.io/service-name': `web${version % 3}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: [0, 1, 2].slice(0, version % 4).map((each) => ({
      addresses: [`10.0.0.${each}`],
      nodeName: `node${each}`,
      targetRef: { kind: 'Pod', namespace: 'shop', name: `pod${each}` },
    })),
  }),
  nodes: (i, version) => ({ metadata: { name: `node${i}`, labels: { version: String(version) } } }),
  namespaces: (i, version) => ({ metadata: { name: i === 0 ? 'shop' : `ns${i}`, labels: { v: String(version) } } }),
};

const resource = fc.constantFrom(...(Object.keys(manifests) as ResourceName[]));

type Step = (server: TestApiServer) => void | Promise<void>;

const put: fc.Arbitrary<Step> = fc.tuple(resource, number, fc.nat(7)).map(([name, i, version]) => (server) => {
  const manifest = manifests[name]?.(i, version);
  if (manifest) server.put(name, manifest);
});

const remove: fc.Arbitrary<Step> = fc.tuple(resource, number).map(([name, i]) => (server) => {
  const { metadata } = manifests[name]?.(i, 1) ?? { metadata: { name: '', namespace: '' } };
  server.delete(name, metadata.namespace ?? '', metadata.name);
});

/** Changes that nobody watches, and that the server has forgotten when they come back to ask. */
const outage: fc.Arbitrary<Step> = fc.array(fc.oneof(put, remove), { minLength: 1, maxLength: 6 }).map((steps) => {
  return async (server) => {
    server.drop();
    for (const act of steps) await act(server);
    server.compact();
  };
});

const pause: fc.Arbitrary<Step> = fc.integer({ min: 0, max: 15 }).map((ms) => async () => {
  await new Promise((done) => setTimeout(done, ms));
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: put },
  { weight: 4, arbitrary: remove },
  { weight: 3, arbitrary: pause },
  { weight: 2, arbitrary: outage },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (torn): Step =>
        (server) =>
          server.drop(torn),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((server) => server.compact()) },
  { weight: 1, arbitrary: fc.constant<Step>((server) => server.endWatches()) },
  { weight: 1, arbitrary: fc.constant<Step>((server) => server.bookmark()) },
  {
    weight: 1,
    arbitrary: resource.map(
      (name): Step =>
        (server) =>
          server.failNext(name, 'list', drop),
    ),
  },
  {
    weight: 1,
    arbitrary: resource.map(
      (name): Step =>
        (server) =>
          server.failNext(name, 'watch', drop),
    ),
  },
);

const drop = (request: { readonly socket: { destroy(): void } }): void => request.socket.destroy();

const more = 'attach_metadata: { node: true, namespace: true }\n';

/** What a discovery finds that has seen none of it, and only lists what there is now. */
async function freshTargets(objects: TestApiServer, role: 'endpointslice' | 'pod'): Promise<Found> {
  const server = new TestApiServer();
  objects.copyTo(server);
  const fresh = new Finding(roleConfig(role, await server.listen(), more));
  // All lists have been read where all watches have begun.
  await expect.poll(() => server.watchers, { timeout: 5000 }).toBe(role === 'pod' ? 3 : 5);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await fresh.close();
  await server.close();
  return fresh.targets;
}

it.each([
  'endpointslice',
  'pod',
] as const)('whatever happens to objects, connections and versions, targets of the role %s end as a fresh list has them', async (role) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.constantFrom('status' as const, 'event' as const),
      async (steps, goneBy) => {
        const server = new TestApiServer({ goneBy, pageSize: 2 });
        const url = await server.listen();
        const finding = new Finding(roleConfig(role, url, more));
        for (const act of steps) await act(server);
        const wanted = await freshTargets(server, role);
        await expect.poll(() => finding.targets, { timeout: 5000, interval: 5 }).toEqual(wanted);
        await finding.close();
        await server.close();
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
