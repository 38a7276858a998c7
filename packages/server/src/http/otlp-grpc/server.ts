import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { Readable } from 'node:stream';
import { encodeExportResponse, type OtlpSignal, type PartialSuccess } from '@nightshift/wire';
import { readBody } from '../../collect/body.ts';
import type { BodyLease } from '../../collect/body-budget.ts';
import { takeOtlpRecords } from '../../collect/otlp/otlp-records.ts';
import type { Sender } from '../../collect/sender.ts';
import { NightshiftError } from '../../errors/catalogue.ts';
import type { IngestDeps } from '../ingest.ts';
import { HEAD_BYTES, readMessage, writeMessage } from './message.ts';
import { OK, type StatusTrailers, statusOf, statusWith, UNIMPLEMENTED } from './status.ts';

export interface OtlpGrpcDeps extends IngestDeps {
  /** Name and rights of a token, null for one that is unknown. */
  verify(token: string): { readonly name: string; readonly rights: readonly string[] } | null;
}

const SIGNALS: Readonly<Record<string, OtlpSignal>> = {
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
};

const CONTENT_TYPE = 'application/grpc';
const ENCODINGS = 'identity, gzip';
/** Of a connection; what is more waits at the sender. */
const CALLS_AT_ONCE = 100;
/** For a call, as for a request over HTTP. */
const CALL_MS = 120_000;

export interface OtlpGrpcServer {
  readonly server: Http2Server;
  listen(options: { readonly host: string; readonly port: number }): Promise<void>;
  /** Takes no more calls, lets open ones end for at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** OTLP over gRPC without TLS, not yet listening: the Export calls of metrics, logs and traces. */
export function buildOtlpGrpc(deps: OtlpGrpcDeps): OtlpGrpcServer {
  const server = createServer({ settings: { maxConcurrentStreams: CALLS_AT_ONCE } });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A connection that breaks is the sender's affair.
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.setTimeout(CALL_MS, () => stream.close());
    void answer(deps, stream, headers);
  });
  return {
    server,
    listen: (options) =>
      new Promise((listening, failed) => {
        server.once('error', failed);
        server.listen(options, () => {
          server.off('error', failed);
          listening();
        });
      }),
    async close(graceMs) {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

async function answer(deps: OtlpGrpcDeps, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const type = String(headers['content-type'] ?? '');
  if (headers[':method'] !== 'POST' || !/^application\/grpc(\+proto)?(;|$)/.test(type)) {
    stream.respond({ ':status': 415, 'content-type': 'text/plain' }, { endStream: false });
    stream.end('This port speaks gRPC: POST with content type application/grpc.\n');
    return;
  }
  const signal = SIGNALS[headers[':path'] ?? ''];
  if (signal === undefined)
    return fail(stream, statusWith(UNIMPLEMENTED, `There is no method ${headers[':path']} here.`));
  const lease = deps.budget.lease();
  let sender: Sender | undefined;
  let end = () => {};
  try {
    sender = deps.senders.token(authorize(deps, headers));
    end = sender.begin(deps.now());
    const own = { ...deps, ...sender.bodyLimits(deps), sender };
    const body = await bodyOf(own, stream, headers, lease);
    const taken = await take(own, signal, body);
    if (!stream.destroyed) succeed(stream, encodeExportResponse('protobuf', signal, taken));
  } catch (error) {
    sender?.failed(error);
    if (!(error instanceof NightshiftError)) deps.log.error({ err: error, call: signal }, 'a gRPC call failed inside');
    fail(stream, statusOf(error instanceof NightshiftError ? error : new NightshiftError('INTERNAL', { id: 'gRPC' })));
  } finally {
    end();
    lease.end();
  }
}

/** The name of the token. */
function authorize({ verify }: OtlpGrpcDeps, { authorization }: IncomingHttpHeaders): string {
  if (authorization === undefined) throw new NightshiftError('AUTH_MISSING');
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  const known = token === undefined ? null : verify(token);
  if (!known) throw new NightshiftError('AUTH_INVALID');
  const { name, rights } = known;
  if (rights.includes('ingest')) return name;
  throw new NightshiftError('AUTH_RIGHT', { right: 'ingest', have: rights.map((name) => `\`${name}\``).join(', ') });
}

async function bodyOf(
  deps: OtlpGrpcDeps,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  lease: BodyLease,
): Promise<Uint8Array> {
  const encoding = String(headers['grpc-encoding'] ?? 'identity');
  if (!ENCODINGS.split(', ').includes(encoding)) {
    throw new NightshiftError('CONTENT_ENCODING', { got: encoding, allowed: ENCODINGS });
  }
  const limits = { ...deps, maxBodyBytes: deps.maxBodyBytes + HEAD_BYTES };
  // A body that is too large ends the reading of it, not the stream: the sender is to be told.
  const chunks = Readable.from(stream.iterator({ destroyOnReturn: false }), { objectMode: false });
  const { isCompressed, bytes } = readMessage(await readBody(chunks, 'identity', limits, lease));
  if (!isCompressed) return bytes;
  return readBody(Readable.from([bytes], { objectMode: false }), encoding, deps, lease);
}

function take(
  deps: OtlpGrpcDeps & { readonly sender: Sender },
  signal: OtlpSignal,
  body: Uint8Array,
): Promise<PartialSuccess> {
  const record = { kind: `otlp-${signal}`, format: 'protobuf', receivedAt: deps.now(), body } as const;
  return signal === 'metrics' ? deps.otlpMetrics.take(record, deps.sender) : takeOtlpRecords(deps, record);
}

const responseHeaders = { ':status': 200, 'content-type': CONTENT_TYPE, 'grpc-accept-encoding': 'identity,gzip' };

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(OK) }));
  stream.end(writeMessage(message));
}

/** Trailers only; what the sender still has to say is not wanted. */
function fail(stream: ServerHttp2Stream, status: StatusTrailers): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({ ...responseHeaders, ...status }, { endStream: true });
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
