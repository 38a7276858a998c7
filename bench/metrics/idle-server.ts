/** A server that has nothing to do: what is left of an answer's time is the client's, the kernel's, and Node's own. */
import { createServer } from 'node:http';
import { freePort, type Peer, startPeer } from '../../conformance/peers/process.ts';

/** Answers every request, once it is read, with a few bytes. */
export function runIdleServer(port: number): void {
  createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  }).listen(port, '127.0.0.1');
}

/** `program` is the script that hands `answer PORT` to `runIdleServer`. */
export async function startIdleServer(program: string): Promise<Peer> {
  const port = await freePort();
  const command = { binary: process.execPath, args: [program, 'answer', String(port)] };
  return startPeer({
    name: 'a server with nothing to do',
    ...command,
    url: `http://127.0.0.1:${port}`,
    readyPath: '/',
  });
}
