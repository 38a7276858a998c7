/** A remote write receiver that reads, counts and forgets. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Receiver {
  readonly port: number;
  /** By path: requests and bytes that arrived. */
  readonly counts: Map<string, { requests: number; bytes: number }>;
}

/** As it goes from process to process. */
export type ReceiverCounts = [string, { requests: number; bytes: number }][];

export async function startReceiver(): Promise<Receiver> {
  const counts: Receiver['counts'] = new Map();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const own = counts.get(path) ?? { requests: 0, bytes: 0 };
    counts.set(path, own);
    request.on('data', (chunk: Buffer) => {
      own.bytes += chunk.length;
    });
    request.on('end', () => {
      own.requests++;
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  return { port: (server.address() as AddressInfo).port, counts };
}
