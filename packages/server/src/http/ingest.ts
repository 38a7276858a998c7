import type { Readable } from 'node:stream';
import { encodeExportResponse, type OtlpSignal, type PartialSuccess } from '@nightshift/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type BodyLimits, readBody } from '../collect/body.ts';
import type { BodyBudget } from '../collect/body-budget.ts';
import { type CollectDeps, collect } from '../collect/collect.ts';
import type { OtlpMetrics } from '../collect/otlp/otlp-metrics.ts';
import { takeOtlpRecords } from '../collect/otlp/otlp-records.ts';
import { type Receiver, receivers } from '../collect/receivers.ts';
import type { BodyFormat, JournalRecord } from '../collect/record.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { Log } from './deps.ts';
import { toNightshiftError } from './errors.ts';
import { mediaTypeOf, otlpFormatOf, sendRpcStatus } from './otlp-status.ts';

export interface IngestDeps extends CollectDeps, BodyLimits {
  readonly budget: BodyBudget;
  readonly otlpMetrics: OtlpMetrics;
  readonly log: Log;
}

interface Shape {
  readonly format: BodyFormat;
  readonly mediaType: string;
  readonly encoding: string;
}

function shapeOf(request: FastifyRequest, receiver: Receiver): Shape {
  const mediaType = mediaTypeOf(request);
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

function answer(reply: FastifyReply, { answer, kind }: Receiver, mediaType: string, taken: PartialSuccess) {
  if (answer === 'empty') return reply.code(204).send();
  const body = encodeExportResponse(otlpFormatOf(mediaType), kind.slice('otlp-'.length) as OtlpSignal, taken);
  return reply.code(200).type(mediaType).send(body);
}

const cutShort = new Set<string>(['BODY_TOO_LARGE', 'OVERLOADED']);

const all: PartialSuccess = { rejected: 0, message: '' };

async function store(deps: IngestDeps, record: JournalRecord): Promise<PartialSuccess> {
  if (record.kind === 'otlp-metrics') return deps.otlpMetrics.take(record);
  if (record.kind === 'otlp-logs' || record.kind === 'otlp-traces') return takeOtlpRecords(deps, record);
  await collect(deps, record);
  return all;
}

function take(receiver: Receiver, deps: IngestDeps) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { format, mediaType, encoding } = shapeOf(request, receiver);
    const lease = deps.budget.lease();
    try {
      const body = await readBody(request.body as Readable, encoding, deps, lease);
      const taken = await store(deps, { kind: receiver.kind, format, receivedAt: deps.now(), body });
      return answer(reply, receiver, mediaType, taken);
    } catch (error) {
      // What is left of a refused body is not read: the connection cannot be used again.
      if (error instanceof NightshiftError && cutShort.has(error.code)) reply.header('connection', 'close');
      throw error;
    } finally {
      lease.end();
    }
  };
}

/** Every path by which telemetry comes in, each with the right `ingest`. Bodies stay streams until they are read here. */
export function ingestRoutes(app: FastifyInstance, deps: IngestDeps, only?: (receiver: Receiver) => boolean): void {
  for (const kind of ['otlp', 'empty'] as const) {
    app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      if (kind === 'otlp') {
        scope.setErrorHandler((error, request, reply) =>
          sendRpcStatus(request, reply, toNightshiftError(error, request, deps.log)),
        );
      }
      for (const receiver of receivers.filter(only ?? (() => true))) {
        if (receiver.answer !== kind) continue;
        scope.post(receiver.path, { config: { right: 'ingest' } }, take(receiver, deps));
      }
    });
  }
}
