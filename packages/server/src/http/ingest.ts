import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type BodyLimits, readBody } from '../collect/body.ts';
import type { BodyBudget } from '../collect/body-budget.ts';
import { type CollectDeps, collect } from '../collect/collect.ts';
import { type Receiver, receivers } from '../collect/receivers.ts';
import type { BodyFormat } from '../collect/record.ts';
import { NightshiftError } from '../errors/catalogue.ts';

export type IngestDeps = CollectDeps & BodyLimits & { readonly budget: BodyBudget };

interface Shape {
  readonly format: BodyFormat;
  readonly mediaType: string;
  readonly encoding: string;
}

function shapeOf(request: FastifyRequest, receiver: Receiver): Shape {
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const format = receiver.formats[mediaType];
  const protoV2 = /proto=io\.prometheus\.write\.v2/.test(request.headers['content-type'] ?? '');
  if (!format || protoV2) {
    const got = request.headers['content-type'] ?? '(none)';
    throw new NightshiftError('CONTENT_TYPE', { got, allowed: Object.keys(receiver.formats).join(', ') });
  }
  // Remote write 1.0 is always snappy, said or not.
  const fallback = receiver.encodings.includes('identity') ? 'identity' : (receiver.encodings[0] ?? 'identity');
  const encoding = (request.headers['content-encoding'] ?? fallback).trim().toLowerCase();
  if (!(receiver.encodings as readonly string[]).includes(encoding)) {
    throw new NightshiftError('CONTENT_ENCODING', { got: encoding, allowed: receiver.encodings.join(', ') });
  }
  return { format, mediaType, encoding };
}

/** google.rpc.Status with only `message` (field 2): what OTLP/HTTP asks for as the body of a failed protobuf export. */
function rpcStatus(message: string): Buffer {
  const text = Buffer.from(message.slice(0, 4000));
  const length: number[] = [];
  for (let rest = text.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([0x12, ...length]), text]);
}

function answer(reply: FastifyReply, receiver: Receiver, mediaType: string): FastifyReply {
  if (receiver.answer === 'empty') return reply.code(204).send();
  return mediaType === 'application/json'
    ? reply.code(200).type('application/json').send('{}')
    : reply.code(200).type('application/x-protobuf').send(Buffer.alloc(0));
}

const cutShort = new Set<string>(['BODY_TOO_LARGE', 'OVERLOADED']);

function take(receiver: Receiver, deps: IngestDeps) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { format, mediaType, encoding } = shapeOf(request, receiver);
    const lease = deps.budget.lease();
    try {
      const body = await readBody(request.body as Readable, encoding, deps, lease);
      await collect(deps, { kind: receiver.kind, format, receivedAt: deps.now(), body });
    } catch (error) {
      // What is left of a refused body is not read: the connection cannot be used again.
      if (error instanceof NightshiftError && cutShort.has(error.code)) reply.header('connection', 'close');
      if (error instanceof NightshiftError && receiver.answer === 'otlp' && mediaType === 'application/x-protobuf') {
        if (error.retryAfter) reply.header('retry-after', error.retryAfter);
        return reply.code(error.status).type('application/x-protobuf').send(rpcStatus(error.message));
      }
      throw error;
    } finally {
      lease.end();
    }
    return answer(reply, receiver, mediaType);
  };
}

/** Every path by which telemetry comes in, each with the right `ingest`. Bodies stay streams until they are read here. */
export function ingestRoutes(app: FastifyInstance, deps: IngestDeps, only?: (receiver: Receiver) => boolean): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const receiver of receivers.filter(only ?? (() => true))) {
      scope.post(receiver.path, { config: { right: 'ingest' } }, take(receiver, deps));
    }
  });
}
