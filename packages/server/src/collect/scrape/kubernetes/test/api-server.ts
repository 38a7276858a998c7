import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { resources } from '../resources.ts';

export type ResourceName = keyof typeof resources;

/** An object as it is written in a manifest; the server adds version and uid. */
export interface Manifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [more: string]: unknown;
  };
  readonly [part: string]: unknown;
}

interface Stored extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly resourceVersion: string };
}

/** One change, with what was there before. */
interface Change {
  readonly version: number;
  readonly resource: ResourceName;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
}

interface Watcher {
  readonly query: Query;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

interface Query {
  readonly resource: ResourceName;
  readonly namespace: string;
  readonly params: URLSearchParams;
}

const kinds: Readonly<Record<ResourceName, string>> = {
  pods: 'Pod',
  services: 'Service',
  endpoints: 'Endpoints',
  endpointslices: 'EndpointSlice',
  ingresses: 'Ingress',
  nodes: 'Node',
  namespaces: 'Namespace',
  replicasets: 'ReplicaSet',
  jobs: 'Job',
};

const versionOf = (resource: ResourceName): string => resources[resource].api.replace(/^apis?\//, '');

const status = (code: number, reason: string, message: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

/** `a=b,c!=d` on labels, or on `metadata.name` and the like. */
function isSelected(selector: string, valueAt: (key: string) => string | undefined): boolean {
  return selector.split(',').every((term) => {
    const [, key = '', operator = '', value = ''] = /^([^=!]+)(!=|==?)?(.*)$/.exec(term) ?? [];
    if (term === '') return true;
    if (operator === '') return valueAt(key) !== undefined;
    return (valueAt(key) === value) === (operator !== '!=');
  });
}

const fieldOf = (object: Stored, path: string): string | undefined =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object) as
    | string
    | undefined;

function matches({ namespace, params }: Query, object: Stored | undefined): object is Stored {
  if (!object) return false;
  if (namespace !== '' && object.metadata.namespace !== namespace) return false;
  return (
    isSelected(params.get('labelSelector') ?? '', (key) => object.metadata.labels?.[key]) &&
    isSelected(params.get('fieldSelector') ?? '', (key) => fieldOf(object, key))
  );
}

/** What a watcher sees of a change: an object that a selector no longer chooses is as good as deleted. */
function eventOf(query: Query, { resource, before, after, version }: Change): object | undefined {
  if (resource !== query.resource) return undefined;
  if (matches(query, after)) return { type: matches(query, before) ? 'MODIFIED' : 'ADDED', object: after };
  if (!matches(query, before)) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: 'DELETED', object: { ...before, metadata } };
}

/** What is done with the next request for a resource in place of an answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse, query: Query) => void;

export interface ApiOptions {
  readonly tls?: TlsOptions;
  /** Whether a version that is too old for a watch is told by the status of the answer, or by an event. */
  readonly goneBy?: 'status' | 'event';
  /** Objects of a page at most, whatever is asked for. */
  readonly pageSize?: number;
}

/**
 * The list-and-watch protocol of the Kubernetes API
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes) over a handful of objects,
 * with every way in which a real server or the network in front of it lets a client down.
 */
export class TestApiServer {
  readonly #objects = new Map<string, Stored>();
  readonly #watchers = new Set<Watcher>();
  readonly #snapshots = new Map<string, { readonly items: readonly Stored[]; readonly version: number }>();
  readonly #faults: { readonly resource: ResourceName; readonly verb: string; readonly fault: Fault }[] = [];
  readonly #forbidden = new Set<ResourceName>();
  #changes: Change[] = [];
  #version = 1000;
  /** Changes up to this one are forgotten. */
  #compacted = 1000;
  #server: Server;
  #snapshot = 0;
  /** `list pods`, `watch pods`, … in the order of their coming. */
  readonly requests: { readonly verb: string; readonly url: URL; readonly headers: IncomingMessage['headers'] }[] = [];
  /** The token that is wanted; '' for none. */
  token = '';

  constructor(private readonly options: ApiOptions = {}) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, answer) : createServer(answer);
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  useCertificates(context: SecureContextOptions): void {
    (this.#server as ReturnType<typeof createTlsServer>).setSecureContext(context);
  }

  put(resource: ResourceName, manifest: Manifest): void {
    const key = `${resource}/${manifest.metadata.namespace ?? ''}/${manifest.metadata.name}`;
    const before = this.#objects.get(key);
    const after: Stored = {
      kind: kinds[resource],
      apiVersion: versionOf(resource),
      ...manifest,
      metadata: { ...manifest.metadata, resourceVersion: String(++this.#version) },
    };
    this.#objects.set(key, after);
    this.#changed({ version: this.#version, resource, before, after });
  }

  delete(resource: ResourceName, namespace: string, name: string): void {
    const key = `${resource}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (!before) return;
    this.#objects.delete(key);
    this.#changed({ version: ++this.#version, resource, before, after: undefined });
  }

  /** Tells every watcher the newest version. */
  bookmark(): void {
    for (const { query, response } of this.#watchers) {
      if (query.params.get('allowWatchBookmarks') !== 'true') continue;
      const metadata = { resourceVersion: String(this.#version), creationTimestamp: null };
      this.#tell(response, {
        type: 'BOOKMARK',
        object: { kind: kinds[query.resource], apiVersion: versionOf(query.resource), metadata },
      });
    }
  }

  /** Forgets every change so far: a watch from before is refused. Pages of lists are forgotten as well. */
  compact(): void {
    this.#compacted = this.#version;
    this.#changes = [];
    this.#snapshots.clear();
  }

  /** Breaks the connections of all watches off, in the middle of a line where `torn`. */
  drop(torn = false): void {
    for (const watcher of this.#watchers) {
      if (torn) watcher.response.write('{"type":"MODIFIED","object":{"metadata":{"na');
      setImmediate(() => watcher.socket.destroy());
      this.#watchers.delete(watcher);
    }
  }

  /** Ends all watches as their time-out does. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.response.end();
    this.#watchers.clear();
  }

  /** Sends something to all watches, as it stands. */
  send(text: string): void {
    for (const { response } of this.#watchers) response.write(text);
  }

  forbid(resource: ResourceName, isForbidden: boolean): void {
    if (isForbidden) this.#forbidden.add(resource);
    else this.#forbidden.delete(resource);
  }

  /** Lets the next `list` or `watch` of a resource end otherwise than it should. */
  failNext(resource: ResourceName, verb: 'list' | 'watch', fault: Fault): void {
    this.#faults.push({ resource, verb, fault });
  }

  /** Puts every object into another server. */
  copyTo(other: TestApiServer): void {
    for (const [key, object] of this.#objects) other.put(key.split('/')[0] as ResourceName, object);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  get version(): number {
    return this.#version;
  }

  count(verb: 'list' | 'watch', resource: ResourceName): number {
    return this.requests.filter((each) => each.verb === `${verb} ${resource}`).length;
  }

  #changed(change: Change): void {
    this.#changes.push(change);
    for (const { query, response } of this.#watchers) {
      const event = eventOf(query, change);
      if (event) this.#tell(response, event);
    }
  }

  /** In two writes, so that a client must put lines together. */
  #tell(response: ServerResponse, event: object): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    response.write(line.subarray(0, line.length / 2));
    response.write(line.subarray(line.length / 2));
  }

  #queryOf(url: URL): Query | undefined {
    for (const resource of Object.keys(resources) as ResourceName[]) {
      const [, rest] = url.pathname.split(`/${resources[resource].api}/`);
      if (rest === resource) return { resource, namespace: '', params: url.searchParams };
      const [, namespace] = /^namespaces\/([^/]+)\//.exec(rest ?? '') ?? [];
      if (namespace && rest === `namespaces/${namespace}/${resource}`) {
        return { resource, namespace, params: url.searchParams };
      }
    }
    return undefined;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://api');
    const query = this.#queryOf(url);
    if (!query) {
      this.#refuse(response, status(404, 'NotFound', 'the server could not find the resource'));
      return;
    }
    const { resource, params } = query;
    const verb = params.get('watch') === 'true' ? 'watch' : 'list';
    this.requests.push({ verb: `${verb} ${resource}`, url, headers: request.headers });
    const at = this.#faults.findIndex((each) => each.resource === resource && each.verb === verb);
    if (this.token !== '' && request.headers.authorization !== `Bearer ${this.token}`) {
      this.#refuse(response, status(401, 'Unauthorized', 'Unauthorized'));
    } else if (this.#forbidden.has(resource)) {
      const message = `${resource} is forbidden: User "system:serviceaccount:monitoring:nightshift" cannot ${verb} resource "${resource}" in API group "" at the cluster scope`;
      this.#refuse(response, status(403, 'Forbidden', message));
    } else if (at >= 0) this.#faults.splice(at, 1)[0]?.fault(request, response, query);
    else if (verb === 'list') this.#list(response, query);
    else this.#watch(request, response, query);
  }

  #refuse(response: ServerResponse, body: ReturnType<typeof status>): void {
    this.#json(response, body.code, body);
  }

  #json(response: ServerResponse, code: number, body: object): void {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #list(response: ServerResponse, query: Query): void {
    const { resource, params } = query;
    const asked = Number(params.get('limit') ?? 0);
    const limit = asked > 0 ? Math.min(asked, this.options.pageSize ?? asked) : Number.POSITIVE_INFINITY;
    const [id = '', from = '0'] = (params.get('continue') ?? '').split('@');
    const known = id === '' ? undefined : this.#snapshots.get(id);
    if (id !== '' && !known) {
      const message = 'The provided continue parameter is too old to display a consistent list result.';
      this.#refuse(response, status(410, 'Expired', message));
      return;
    }
    const all = [...this.#objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object);
    const snapshot = known ?? { items: all.filter((object) => matches(query, object)), version: this.#version };
    const items = snapshot.items.slice(Number(from), Number(from) + limit);
    const end = Number(from) + items.length;
    const isLast = end >= snapshot.items.length;
    const next = id || `list${++this.#snapshot}`;
    if (!isLast) this.#snapshots.set(next, snapshot);
    this.#json(response, 200, {
      kind: `${kinds[resource]}List`,
      apiVersion: versionOf(resource),
      metadata: { resourceVersion: String(snapshot.version), ...(!isLast && { continue: `${next}@${end}` }) },
      items,
    });
  }

  #watch(request: IncomingMessage, response: ServerResponse, query: Query): void {
    const { params } = query;
    if (params.has('sendInitialEvents')) {
      const message = 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch';
      this.#refuse(response, status(422, 'Invalid', message));
      return;
    }
    const from = Number(params.get('resourceVersion'));
    const gone = status(410, 'Expired', `too old resource version: ${from} (${this.#compacted})`);
    const isGone = from < this.#compacted;
    if (isGone && this.options.goneBy !== 'event') {
      this.#refuse(response, gone);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    if (isGone) {
      this.#tell(response, { type: 'ERROR', object: gone });
      response.end();
      return;
    }
    const watcher = { query, response, socket: request.socket };
    for (const change of this.#changes) {
      const event = change.version > from ? eventOf(query, change) : undefined;
      if (event) this.#tell(response, event);
    }
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
  }
}
