import type { Readable } from 'node:stream';
import { encodeExportResponse, type OtlpSignal, type PartialSuccess, type WrittenCounts } from '@nightshift/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type BodyLimits, readBody } from '../collect/body.ts';
import type { BodyBudget } from '../collect/body-budget.ts';
import { type CollectDeps, collectReported } from '../collect/collect.ts';
import type { OtlpMetrics } from '../collect/otlp/otlp-metrics.ts';
import { takeOtlpRecords } from '../collect/otlp/otlp-records.ts';
import { type Receiver, receivers } from '../collect/receivers.ts';
import type { BodyFormat, JournalRecord } from '../collect/record.ts';
import type { Sender, Senders } from '../collect/sender.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { Log } from './deps.ts';
import { toNightshiftError } from './errors.ts';
import { mediaTypeOf, otlpFormatOf, sendRpcStatus } from './otlp-status.ts';

export interface IngestDeps extends Omit<CollectDeps, 'sender'>, BodyLimits {
  readonly budget: BodyBudget;
  readonly senders: Senders;
  readonly otlpMetrics: OtlpMetrics;
  readonly log: Log;
}

/** The parameter `proto` of a media type, which names the message of the body; undefined where it is not there. */
function messageOf(contentType: string): string | undefined {
  const parameters = contentType.split(';').slice(1);
  const values = parameters.map((one) => /^\s*proto\s*=\s*"?([^"\s]*)"?\s*$/i.exec(one)?.[1]);
  return values.find((value) => value !== undefined);
}

interface Shape {
  readonly format: BodyFormat;
  readonly mediaType: string;
  readonly encoding: string;
}

function shapeOf(request: FastifyRequest, receiver: Receiver): Shape {
  const mediaType = mediaTypeOf(request);
  const message = messageOf(request.headers['content-type'] ?? '');
  const { formats, messages } = receiver;
  const format = message === undefined || !messages || !formats[mediaType] ? formats[mediaType] : messages[message];
  if (!format) {
    const got = request.headers['content-type'] ?? '(none)';
    const allowed = Object.keys(formats).flatMap((type) =>
      messages ? Object.keys(messages).map((name) => `${type};proto=${name}`) : [type],
    );
    throw new NightshiftError('CONTENT_TYPE', { got, allowed: allowed.join(', ') });
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

const nothing: WrittenCounts = { samples: 0, histograms: 0, exemplars: 0 };

/** What remote write 2.0 wants to be told with every answer, also of a refusal. */
function setWritten(reply: FastifyReply, { samples, histograms, exemplars }: WrittenCounts): void {
  reply.header('x-prometheus-remote-write-samples-written', samples);
  reply.header('x-prometheus-remote-write-histograms-written', histograms);
  reply.header('x-prometheus-remote-write-exemplars-written', exemplars);
}

const cutShort = new Set<string>(['BODY_TOO_LARGE', 'OVERLOADED']);

const all: PartialSuccess = { rejected: 0, message: '' };

/** The answer for a body of which a part was taken. */
class PartlyRefused extends NightshiftError {}

/** Whom the request's token, or its session, stands for. */
function senderOf({ principal }: FastifyRequest, { senders }: IngestDeps): Sender {
  if (principal?.kind === 'token') return senders.token(principal.name.slice('token '.length));
  return senders.token(`user ${principal?.name ?? 'unknown'}`);
}

async function store(
  deps: IngestDeps & { readonly sender: Sender },
  record: JournalRecord,
  reply: FastifyReply,
): Promise<PartialSuccess> {
  if (record.kind === 'otlp-metrics') return deps.otlpMetrics.take(record, deps.sender);
  if (record.kind === 'otlp-logs' || record.kind === 'otlp-traces') return takeOtlpRecords(deps, record);
  const report = await collectReported(deps, record);
  if (report) {
    if (report.written) setWritten(reply, report.written);
    if (report.refusal !== '') throw new PartlyRefused('BODY_INVALID', { reason: report.refusal });
  }
  return all;
}

function take(receiver: Receiver, deps: IngestDeps) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const sender = senderOf(request, deps);
    const lease = deps.budget.lease();
    let end = () => {};
    try {
      const { format, mediaType, encoding } = shapeOf(request, receiver);
      if (format === 'snappy-write-v2') setWritten(reply, nothing);
      end = sender.begin(deps.now());
      const limits = sender.bodyLimits(deps);
      const body = await readBody(request.body as Readable, encoding, limits, lease);
      const record = { kind: receiver.kind, format, receivedAt: deps.now(), body };
      const taken = await store({ ...deps, ...limits, sender }, record, reply);
      return answer(reply, receiver, mediaType, taken);
    } catch (error) {
      if (!(error instanceof PartlyRefused)) sender.failed(error);
      // What is left of a refused body is not read: the connection cannot be used again.
      if (error instanceof NightshiftError && cutShort.has(error.code)) reply.header('connection', 'close');
      throw error;
    } finally {
      end();
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
