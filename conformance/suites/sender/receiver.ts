import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeSnappy } from '../../../packages/wire/src/index.ts';
import { type RawRequest, readV1, readV2 } from './raw-request.ts';

/** One request as it came. */
export class Received {
  #request: RawRequest | undefined;

  constructor(
    readonly method: string,
    readonly headers: IncomingHttpHeaders,
    /** The Snappy block. */
    readonly block: Buffer,
    /** Milliseconds of the clock that only goes forward. */
    readonly at: number,
  ) {}

  get isV2(): boolean {
    return (this.headers['content-type'] ?? '').includes('proto=io.prometheus.write.v2.Request');
  }

  /** Read when it is asked for: a receiver that takes its time would be a fault of its own. */
  get request(): RawRequest {
    const read = this.isV2 ? readV2 : readV1;
    this.#request ??= read(decodeSnappy(this.block, 64 << 20));
    return this.#request;
  }
}

/** What a destination does with its nth request, from 0. */
export type Behaviour = (response: ServerResponse, n: number, received: Received) => void;

function written({ request }: Received): Record<string, string> {
  const sum = (of: 'samples' | 'histograms' | 'exemplars') =>
    String(request.series.reduce((total, each) => total + each[of].length, 0));
  return Object.fromEntries(
    (['samples', 'histograms', 'exemplars'] as const).map((what) => [
      `x-prometheus-remote-write-${what}-written`,
      sum(what),
    ]),
  );
}

/** Takes everything, with the counts of 2.0. */
export const takes =
  (status = 204, body = ''): Behaviour =>
  (response, _, received) =>
    void response.writeHead(status, received.isV2 ? written(received) : {}).end(body);

/** Answers otherwise for the first requests, and then takes everything; what brings nothing is taken always. */
export function atFirst(times: number, behaviour: Behaviour): Behaviour {
  let refused = 0;
  return (response, n, received) => {
    const isRefused = refused < times && received.request.series.length > 0;
    if (isRefused) refused++;
    (isRefused ? behaviour : takes())(response, n, received);
  };
}

export const says =
  (status: number, body = 'the reason', headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end(body);

/** Writes bytes that are no answer, or half of one, and hangs up. */
export const breaksOff =
  (bytes: string): Behaviour =>
  (response) =>
    void response.socket?.end(bytes);

/** Destinations by the first part of the path, with everything that each was sent. */
export class RecordingReceiver {
  readonly received = new Map<string, Received[]>();
  readonly #server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const name = (incoming.url ?? '').slice(1);
      const { method = '', headers } = incoming;
      const one = new Received(method, headers, Buffer.concat(parts), performance.now());
      const before = this.received.get(name) ?? [];
      this.received.set(name, before);
      before.push(one);
      (this.behaviours[name] ?? says(404))(response, before.length - 1, one);
    });
  });

  constructor(private readonly behaviours: Readonly<Record<string, Behaviour>>) {}

  /** On a port of loopback, any free one for 0. Resolves to the address without a slash at the end. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await new Promise((up) => this.#server.once('listening', up));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
