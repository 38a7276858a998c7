/**
 * What does watching one request cost, without a network in the way? A server of `node:http` is handed connections that
 * are streams in the same process, each with requests one after the other; processor time of a request, with the library
 * less without it. Each variant in processes of its own, taking turns; the median of the differences.
 *
 *     npx esbuild bench/node/request-cost.ts --bundle --platform=node --format=esm --external:prom-client \
 *       --outfile=node_modules/.nightshift-bench/request-cost.mjs && node node_modules/.nightshift-bench/request-cost.mjs
 */
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { start } from '../../packages/node/src/core/start.ts';
import { setRoute } from '../../packages/node/src/http/route.ts';
import { httpServer } from '../../packages/node/src/http/server.ts';
import { median } from '../promql/measure.ts';

/** Share of traces that is sampled; undefined: no library. */
const variants: Readonly<Record<string, number | undefined>> = {
  without: undefined,
  'metrics alone': 0,
  'metrics, and 10 % of traces': 0.1,
  'metrics, and all traces': 1,
};

const REQUESTS = 200_000;
const WARM_UP = 40_000;
const TURNS = 7;
const request = Buffer.from('GET /users/42 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n');

/** A connection whose client sends the next request when the response to the last is there. */
function converse(server: Server, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const socket = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done();
        if (--left > 0) setImmediate(() => socket.push(request));
        else resolve();
      },
    });
    Object.assign(socket, { bytesWritten: 0, remoteAddress: '127.0.0.1', remotePort: 1, setTimeout: () => socket });
    server.emit('connection', socket);
    socket.push(request);
  });
}

/** Microseconds of processor time. */
async function measure(traceRate: number | undefined): Promise<number> {
  const instrumentations = [httpServer];
  if (traceRate !== undefined) {
    const hub = start({ options: { traceRate }, environment: {}, instrumentations, say: console.error });
    hub.onSpan(() => {});
  }
  const server = createServer((incoming, response) => {
    if (traceRate !== undefined) setRoute(incoming, '/users/:id');
    response.setHeader('Content-Type', 'application/json');
    response.end('{"id":42}');
  });
  await converse(server, WARM_UP);
  const before = process.cpuUsage();
  await converse(server, REQUESTS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

const asked = process.argv[2];
if (asked !== undefined) {
  console.log(await measure(variants[asked]));
} else {
  const inOwnProcess = (name: string): number => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name]);
    if (status !== 0) throw new Error(String(stderr));
    return Number(stdout);
  };
  const took = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++) for (const [name, own] of took) own.push(inOwnProcess(name));
  const base = took.get('without')!;
  for (const [name, own] of took) {
    const added = median(own.map((one, turn) => one - base[turn]!));
    console.log(`${name}: ${median(own).toFixed(2)} us a request, ${added.toFixed(2)} us more than without`);
  }
}
