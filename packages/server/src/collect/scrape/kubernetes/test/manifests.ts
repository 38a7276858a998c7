import type { Manifest, ResourceName, TestApiServer } from './api-server.ts';

const pod = (name: string, parts: { metadata?: object; spec?: object; status?: object }): Manifest => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, ...parts.metadata },
  spec: parts.spec ?? {},
  status: parts.status ?? {},
});

const madeBy = (kind: string, name: string) => [
  { apiVersion: 'v1', kind: 'Other', name: 'not-this-one' },
  { apiVersion: 'apps/v1', kind, name, controller: true },
];

const web = pod('web-0', {
  metadata: {
    labels: { app: 'web', 'app.kubernetes.io/name': 'web', 'größe/x': 'ja' },
    annotations: { 'prometheus.io/scrape': 'true', empty: '' },
    ownerReferences: madeBy('ReplicaSet', 'web-5d9'),
  },
  spec: {
    nodeName: 'node-a',
    containers: [
      {
        name: 'app',
        image: 'shop/web:2',
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9102, protocol: 'TCP' },
        ],
      },
      { name: 'sidecar', image: 'proxy:1' },
    ],
    initContainers: [
      { name: 'migrate', image: 'shop/migrate:2', ports: [{ name: 'debug', containerPort: 6060, protocol: 'UDP' }] },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '10.1.0.7',
    hostIP: '192.168.0.1',
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'True' },
    ],
    containerStatuses: [{ name: 'app', containerID: 'containerd://abc' }],
    initContainerStatuses: [{ name: 'migrate', containerID: 'containerd://def' }],
  },
});

const six = pod('six', {
  metadata: { ownerReferences: madeBy('Job', 'nightly-1') },
  spec: {
    nodeName: 'node-b',
    containers: [{ name: 'app', image: 'x', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
  },
  status: { phase: 'Pending', podIP: 'fd00::7', hostIP: '192.168.0.2' },
});

const starting = pod('starting', { spec: { nodeName: 'node-a', containers: [{ name: 'app', image: 'x' }] } });

const lost = pod('lost', {
  spec: { nodeName: 'node-gone', containers: [{ name: 'app', image: 'x' }] },
  status: { phase: 'Running', podIP: '10.1.0.9', conditions: [{ type: 'Ready', status: 'False' }] },
});

const service = (name: string, spec: object, more: object = {}): Manifest => ({
  metadata: { name, namespace: 'shop', ...more },
  spec,
});

const services = [
  service(
    'web',
    {
      type: 'ClusterIP',
      clusterIP: '10.96.0.1',
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    },
    { labels: { tier: 'front' }, annotations: { 'team.example/owner': 'shop' } },
  ),
  service('outside', { type: 'ExternalName', externalName: 'db.example', ports: [{ port: 5432, protocol: 'TCP' }] }),
  service('public', {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.2',
    loadBalancerIP: '203.0.113.9',
    ports: [{ name: 'https', port: 443, protocol: 'TCP' }],
  }),
];

const refTo = (name: string) => ({ kind: 'Pod', namespace: 'shop', name });

const endpoints: Manifest = {
  metadata: { name: 'web', namespace: 'shop', labels: { 'ep/label': 'x' }, annotations: { note: 'n' } },
  subsets: [
    {
      addresses: [
        { ip: '10.1.0.7', nodeName: 'node-a', targetRef: refTo('web-0'), hostname: 'web-zero' },
        { ip: '192.168.0.2', targetRef: { kind: 'Node', name: 'node-b' } },
        { ip: '10.9.9.9' },
      ],
      notReadyAddresses: [{ ip: 'fd00::7', nodeName: 'node-b', targetRef: refTo('six') }],
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'debug', port: 6060, protocol: 'TCP' },
      ],
    },
    { addresses: [{ ip: '10.1.0.8', targetRef: refTo('unknown') }], ports: [{ port: 1, protocol: 'TCP' }] },
  ],
};

const slice = (name: string, more: object): Manifest => ({
  metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  ...more,
});

const slices = [
  slice('web-4', {
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['10.1.0.7', '10.1.0.70'],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: 'web-zero',
        nodeName: 'node-a',
        zone: 'z1',
        targetRef: refTo('web-0'),
        deprecatedTopology: { 'kubernetes.io/hostname': 'node-a' },
      },
      { addresses: ['10.9.9.9'], conditions: { ready: false }, targetRef: { kind: 'Node', name: 'node-b' } },
    ],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }, { name: 'bare' }],
  }),
  slice('web-6', {
    addressType: 'IPv6',
    endpoints: [{ addresses: ['fd00::7'], conditions: {}, targetRef: refTo('six') }],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  }),
  {
    metadata: { name: 'alone', namespace: 'shop' },
    addressType: 'FQDN',
    endpoints: [{ addresses: ['db.example'], conditions: {} }],
    ports: [{ name: '', port: 5432, protocol: 'TCP' }],
  },
];

const ingresses: Manifest[] = [
  {
    metadata: { name: 'shop', namespace: 'shop', labels: { app: 'shop' } },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['*.example.org'] }, {}],
      rules: [
        { host: 'a.example.org', http: { paths: [{ path: '/one' }, { path: '' }] } },
        { host: 'a.b.example.org', http: { paths: [{ path: '/deep' }] } },
        { host: 'example.org' },
        { http: { paths: [] } },
      ],
    },
  },
];

const nodes: Manifest[] = [
  {
    metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'z1' }, annotations: { a: 'b' } },
    spec: { providerID: 'aws:///i-1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'node-a' },
        { type: 'InternalIP', address: '192.168.0.1' },
        { type: 'InternalIP', address: 'fd00::1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
      ],
      conditions: [
        { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' },
        { type: 'DiskPressure', status: 'Unknown' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  },
  {
    metadata: { name: 'node-b' },
    spec: {},
    status: {
      addresses: [{ type: 'Hostname', address: 'node-b' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  },
  { metadata: { name: 'node-unborn' }, spec: {}, status: {} },
];

const owned = (name: string, kind: string, owner: string): Manifest => ({
  metadata: { name, namespace: 'shop', labels: { big: 'x'.repeat(100) }, ownerReferences: madeBy(kind, owner) },
});

/** A small cluster that has every case that labels differ in. */
export const cluster: Readonly<Record<ResourceName, readonly Manifest[]>> = {
  pods: [web, six, starting, lost],
  services,
  endpoints: [endpoints],
  endpointslices: slices,
  ingresses,
  nodes,
  namespaces: [{ metadata: { name: 'shop', labels: { team: 'blue' }, annotations: { 'cost/center': '7' } } }],
  replicasets: [owned('web-5d9', 'Deployment', 'web')],
  jobs: [owned('nightly-1', 'CronJob', 'nightly')],
};

export function fill(server: TestApiServer): void {
  for (const [resource, manifests] of Object.entries(cluster)) {
    for (const manifest of manifests) server.put(resource as ResourceName, manifest);
  }
}
