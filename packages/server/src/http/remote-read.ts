/**
 * Prometheus' remote read (https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/): a ReadRequest in a
 * Snappy block, answered by one message of samples or by a stream of XOR chunks, whichever the reader prefers. Samples
 * go out as they are stored, stale markers included.
 */
import { Readable } from 'node:stream';
import type { Matcher } from '@nightshift/promql';
import {
  ChunkedReadEncoder,
  decodeReadRequest,
  decodeSnappy,
  encodeReadResponse,
  encodeSnappy,
  type Labels,
  type ReadQuery,
  type ReadRequest,
  type ReadSeries,
  readSeriesOf,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
} from '@nightshift/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type BodyLimits, readBody } from '../collect/body.ts';
import type { BodyBudget } from '../collect/body-budget.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { MetricStore } from '../store/store.ts';
import { clientGone } from './client-gone.ts';
import { Gate } from './gate.ts';
import { sendPlainFailure } from './plain-failure.ts';

export interface RemoteReadDeps extends BodyLimits {
  readonly metrics: MetricStore;
  readonly budget: BodyBudget;
  /** Labels that every series gets unless it has them. */
  readonly externalLabels: Labels;
  /** Samples of one answer. */
  readonly maxSamples: number;
  /** Requests that are answered at the same time; further ones wait. */
  readonly concurrent: number;
  readonly timeoutMs: number;
}

/** Prometheus' own bound, which its client's buffers are made for. */
const FRAME_BYTES = 1024 * 1024;
/** Frames are gathered up to this many bytes: most series are far smaller. */
const WRITE_BYTES = 64 * 1024;

const RESPONSE_TYPES = new Map([
  [SAMPLES, 'SAMPLES'],
  [STREAMED_XOR_CHUNKS, 'STREAMED_XOR_CHUNKS'],
]);

/** The first of the accepted types that is known here; samples where nothing is said. */
function responseType(accepted: readonly number[]): number {
  if (accepted.length === 0) return SAMPLES;
  const type = accepted.find((one) => RESPONSE_TYPES.has(one));
  if (type !== undefined) return type;
  const known = [...RESPONSE_TYPES.values()].join(', ');
  throw new NightshiftError('BODY_INVALID', {
    reason: `server does not support any of the requested response types: ${accepted.join(', ')}; supported: ${known}`,
  });
}

/** External labels are given on the way out: what asks for the value of one asks the store for series without it. */
function storedMatchers(query: ReadQuery, external: Labels): Matcher[] {
  return query.matchers.map((matcher) =>
    matcher.op === '=' && matcher.value !== '' && external.get(matcher.name) === matcher.value
      ? { ...matcher, value: '' }
      : matcher,
  );
}

/** The part of the query's range that its hints say is needed. */
function rangeOf({ start, end, hints }: ReadQuery): { start: number; end: number } {
  if (!hints || (hints.start === 0 && hints.end === 0)) return { start, end };
  return { start: Math.max(start, hints.start), end: Math.min(end, hints.end) };
}

/** Answers the queries of one request, one after the other, and counts what they take. */
class Reading {
  private samples = 0;

  constructor(
    private readonly deps: RemoteReadDeps,
    private readonly signal: AbortSignal,
  ) {}

  /** In the order of their labels. Throws QUERY_LIMIT, RegexpSyntaxError, or the reason of the signal. */
  async series(query: ReadQuery): Promise<ReadSeries[]> {
    const { metrics, externalLabels } = this.deps;
    this.signal.throwIfAborted();
    const { step = 0, func = '', range = 0, grouping = [], by = false } = query.hints ?? {};
    const matchers = storedMatchers(query, externalLabels);
    const asked = { matchers, ...rangeOf(query), step, func, range, grouping, by, signal: this.signal };
    if (asked.end < asked.start) return [];
    // Asked while the store loads: an answer that is too large is refused before it is in memory.
    const budget = { series: () => {}, samples: (count: number) => this.take(count) };
    const found = await metrics.select({ ...asked, budget });
    this.signal.throwIfAborted();
    return readSeriesOf(found, externalLabels);
  }

  private take(samples: number): void {
    const { maxSamples } = this.deps;
    this.samples += samples;
    if (this.samples <= maxSamples) return;
    const reason = `exceeded sample limit (${maxSamples}); ask for less time or fewer series, or raise query.remoteReadSamples`;
    throw new NightshiftError('QUERY_LIMIT', { reason });
  }

  /** Label sets alone, where the hints say that no more is wanted. */
  async labelsOnly(query: ReadQuery): Promise<ReadSeries[]> {
    const { metrics, externalLabels, maxSamples } = this.deps;
    const found = await metrics.series(
      [storedMatchers(query, externalLabels)],
      rangeOf(query),
      maxSamples,
      this.signal,
    );
    const none = { timestamps: new Float64Array(), values: new Float64Array() };
    return readSeriesOf(
      found.map((labels) => ({ labels, ...none })),
      externalLabels,
    );
  }

  async *frames(queries: readonly ReadQuery[], first: ReadSeries[]): AsyncGenerator<Uint8Array> {
    const encoder = new ChunkedReadEncoder(FRAME_BYTES);
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for (const [place, query] of queries.entries()) {
      for (const series of place === 0 ? first : await this.series(query)) {
        for (const frame of encoder.frames(series, place)) {
          gathered.push(frame);
          bytes += frame.length;
          if (bytes < WRITE_BYTES) continue;
          yield Buffer.concat(gathered, bytes);
          this.signal.throwIfAborted();
          gathered = [];
          bytes = 0;
        }
      }
    }
    if (bytes > 0) yield Buffer.concat(gathered, bytes);
  }
}

async function sendSamples(request: ReadRequest, reading: Reading, reply: FastifyReply): Promise<FastifyReply> {
  const results: ReadSeries[][] = [];
  for (const query of request.queries) {
    results.push(await (query.hints?.func === 'series' ? reading.labelsOnly(query) : reading.series(query)));
  }
  const body = encodeSnappy(encodeReadResponse(results));
  reply.header('content-encoding', 'snappy').type('application/x-protobuf');
  return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}

async function sendChunks({ queries }: ReadRequest, reading: Reading, reply: FastifyReply): Promise<FastifyReply> {
  // Before the first byte: what is wrong with the first query still gets its status.
  const first = queries[0] ? await reading.series(queries[0]) : [];
  reply.type('application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse');
  return reply.send(Readable.from(reading.frames(queries, first), { objectMode: false }));
}

/** POST /api/v1/read, with the right `read`. */
export function remoteReadRoutes(app: FastifyInstance, deps: RemoteReadDeps): void {
  const gate = new Gate(deps.concurrent, 'remote reads');
  const receive = async (request: FastifyRequest): Promise<ReadRequest> => {
    const lease = deps.budget.lease();
    try {
      const body = await readBody(request.body as Readable, 'identity', deps, lease);
      return decodeReadRequest(decodeSnappy(body, deps.maxDecompressedBytes));
    } finally {
      lease.end();
    }
  };
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.setErrorHandler(sendPlainFailure);
    scope.post('/api/v1/read', { config: { right: 'read' } }, async (request, reply) => {
      const signal = AbortSignal.any([clientGone(request, reply), AbortSignal.timeout(deps.timeoutMs)]);
      const read = await receive(request);
      const type = responseType(read.acceptedResponseTypes);
      const leave = await gate.enter(signal);
      // A streamed answer holds its place until the last byte went out, or the client did.
      reply.raw.once('close', leave);
      if (reply.raw.destroyed) leave();
      const reading = new Reading(deps, signal);
      return type === STREAMED_XOR_CHUNKS ? sendChunks(read, reading, reply) : sendSamples(read, reading, reply);
    });
  });
}
