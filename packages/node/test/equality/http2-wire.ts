/** The same for HTTP/2: Node's client on a socket of its own for each exchange, whose frames are kept as they come. */
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import type { Exchange, Transcript } from './wire.ts';

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Gives up when this many bytes of the body are there. */
  readonly leaveAfter?: number;
}

const asked: Readonly<Record<string, readonly Asked[]>> = {
  ...Object.fromEntries(
    ['/text', '/empty', '/204', '/length', '/cookies', '/trailers', '/slow', '/big', '/hints', '/nothing'].flatMap(
      (path) => ['GET', 'HEAD'].map((method) => [`${method} ${path}`, [{ path, method }]]),
    ),
  ),
  file: [{ path: '/file' }],
  echo: [{ path: '/echo', method: 'POST', body: 'hello' }],
  'echo much': [{ path: '/echo', method: 'POST', body: 'e'.repeat(50_000) }],
  'echo by stream': [{ path: '/stream/echo', method: 'POST', body: 'hello' }],
  'by stream': [{ path: '/stream/text' }],
  'several streams': ['/text', '/length', '/trailers', '/empty', '/stream/text'].map((path) => ({ path })),
  'closed by the server': [{ path: '/close' }],
  'destroyed by the server': [{ path: '/destroy' }],
  'closed in the middle': [{ path: '/half' }],
  'left by the client': [{ path: '/forever', leaveAfter: 1 }],
  'left early': [{ path: '/slow', leaveAfter: 1 }],
  'a trace': [{ path: '/text', headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } }],
  expect: [{ path: '/echo', method: 'POST', body: 'x', headers: { expect: '100-continue' } }],
};

const RACY = new Set(['left early']);

export const http2Exchanges: readonly Exchange[] = Object.keys(asked).map((name) => ({
  name,
  steps: [],
  racy: RACY.has(name),
}));

export async function driveHttp2(port: number): Promise<Map<string, Transcript>> {
  const transcripts = new Map<string, Transcript>();
  for (const [name, requests] of Object.entries(asked)) transcripts.set(name, await converse(port, name, requests));
  return transcripts;
}

async function converse(port: number, name: string, requests: readonly Asked[]): Promise<Transcript> {
  const chunks: Buffer[] = [];
  const relay = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    far.on('data', (chunk) => chunks.push(chunk));
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const session = connect(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`);
  session.on('error', () => {});
  for (const one of requests) await ask(session, name, one);
  session.destroy();
  await new Promise((resolve) => relay.close(resolve));
  return { bytes: framesOf(Buffer.concat(chunks)).join('\n'), ended: 'end' };
}

function ask(session: ClientHttp2Session, name: string, { path, method = 'GET', body, headers, leaveAfter }: Asked) {
  return new Promise<void>((resolve) => {
    const stream = session.request({ ':path': path, ':method': method, 'x-exchange': name, ...headers });
    let got = 0;
    stream.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (leaveAfter !== undefined && got >= leaveAfter) stream.close(constants.NGHTTP2_CANCEL);
    });
    const patience = setTimeout(() => session.destroy(), PATIENCE_MS);
    stream.on('error', () => {});
    stream.on('close', () => {
      clearTimeout(patience);
      resolve();
    });
    stream.end(body);
  });
}

const PATIENCE_MS = 4000;

const DATA = 0;
/** SETTINGS are acknowledged, windows updated and the session said farewell to as time has it. */
const IN_TIME = new Set([4, 6, 7, 8]);
const ACK = 1;
const END_STREAM = 1;

/**
 * A line for each frame in its order within its stream, those of DATA that follow each other put together
 * (https://www.rfc-editor.org/rfc/rfc9113#FrameHeader).
 */
function framesOf(bytes: Buffer): string[] {
  const streams = new Map<number, { type: number; flags: number; payload: Buffer }[]>();
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
    const frames = streams.get(bytes.readUInt32BE(at + 5)) ?? [];
    streams.set(bytes.readUInt32BE(at + 5), frames);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    at += 9 + length;
    const last = frames.at(-1);
    if (IN_TIME.has(type) && (type !== 4 || flags === ACK)) continue;
    if (type === DATA && last?.type === DATA) {
      last.payload = Buffer.concat([last.payload, payload]);
      last.flags |= flags & END_STREAM;
    } else frames.push({ type, flags, payload });
  }
  return [...streams].flatMap(([stream, frames]) =>
    frames.map(({ type, flags, payload }) => `${stream} ${type} ${flags} ${payload.toString('latin1')}`),
  );
}
