/** Takes OTLP over HTTP and forgets it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Receiver {
  readonly url: string;
  /** Bytes of spans since the start. */
  readonly traces: () => number;
  stop(): void;
}

export async function startReceiver(): Promise<Receiver> {
  let traces = 0;
  const server = createServer((request, response) => {
    request.on('data', (part: Uint8Array) => {
      if (request.url === '/v1/traces') traces += part.byteLength;
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    traces: () => traces,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
