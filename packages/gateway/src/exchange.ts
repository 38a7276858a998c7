import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Application } from './application.ts';
import { type Attempt, type AttemptResult, attempt } from './attempt.ts';
import { CapturedBody } from './captured-body.ts';
import { hasBody, redacted, requestHeaders, responseHeaders } from './headers.ts';
import type { Exchange } from './protocol.ts';
import { RequestBody } from './request-body.ts';
import type { UserRequest } from './server.ts';
import { type AttemptSpan, exchangeSpans } from './spans.ts';
import { randomId, type TraceContext, traceContextOf, traceparent } from './trace-context.ts';
import type { InFlight, Version } from './version.ts';

/** Methods that may be repeated: "idempotent" of RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

type Answer = Extract<AttemptResult, { kind: 'response' }>;
type Lost = Extract<AttemptResult, { kind: 'lost' }>;

/** One version that was asked, and what came of it. */
interface Asked {
  readonly version: Version;
  readonly result: AttemptResult;
  /** Milliseconds to the head of the answer, or to its loss. */
  readonly latencyMs: number;
  readonly inFlight: InFlight;
}

type Delivery = 'complete' | 'broken' | 'client-gone';

/**
 * One request of a user, from its head to the last byte of its answer:
 *
 *   ask the live version ─ answers < 500 ─▶ stream it to the user
 *        │ 5xx, lost, timed out: counted against the version at once
 *        ├─ safe to repeat and the last good version runs ─▶ ask that one, stream its answer
 *        └─ otherwise ─▶ the user gets the failure
 *
 * The status is looked at before the first byte goes to the user, so a good answer is never buffered and a bad one can still
 * be replaced. The failing answer waits unread until the other version has answered, so that it is there as a last resort.
 */
export class ProxiedExchange {
  readonly #app: Application;
  readonly #req: UserRequest;
  readonly #res: ServerResponse;
  readonly #method: string;
  readonly #path: string;
  readonly #trace: TraceContext;
  readonly #startedAt: number;
  readonly #clock = performance.now();
  readonly #spans: AttemptSpan[] = [];
  readonly #headers: string[];
  readonly #captured = new CapturedBody();
  #body: RequestBody | null = null;
  #current: Attempt | null = null;
  #clientGone = false;
  #upstreamBroke = false;

  constructor(app: Application, req: UserRequest, res: ServerResponse) {
    this.#app = app;
    this.#req = req;
    this.#res = res;
    this.#method = req.method ?? 'GET';
    this.#path = req.url ?? '/';
    this.#startedAt = app.now();
    this.#trace = traceContextOf(req);
    this.#headers = requestHeaders(req);
    res.on('close', () => {
      if (res.writableFinished) return;
      this.#clientGone = true;
      this.#current?.abort();
    });
    req.on('error', () => {});
    res.on('error', () => {});
  }

  async run(): Promise<void> {
    const version = await this.#app.versionFor(this.idempotent);
    if (this.#clientGone) return;
    if (!version) return this.#refuse(503, 'The application is not running. It is being started again.');
    if (hasBody(this.#req)) {
      this.#body = new RequestBody(this.#req, this.#app.config.replayBodyBytes, () => this.#current?.progress());
    } else this.#req.resume();
    const first = await this.#ask(version);
    if (first.result.kind === 'response' && first.result.response.statusCode! < 500)
      return this.#serve(first, first.result);
    if (this.#clientGone) return this.#abandoned(first);
    await this.#fail(first);
  }

  get idempotent(): boolean {
    return isIdempotent(this.#method);
  }

  async #ask(version: Version): Promise<Asked> {
    let own: Attempt | null = null;
    const inFlight: InFlight = {
      cut: () => {
        this.#upstreamBroke = true;
        own?.abort();
      },
    };
    version.begin(inFlight);
    const clock = performance.now();
    const spanId = randomId(8);
    const asking = this.#attempt(version, spanId, false);
    own = this.#current;
    let result = await asking;
    const staleOnly = result.kind === 'lost' && result.stale && this.idempotent && (this.#body?.replayable ?? true);
    if (staleOnly && version.ready && !this.#clientGone) {
      const again = this.#attempt(version, spanId, true);
      own = this.#current;
      result = await again;
    }
    if (result.kind === 'lost') version.end(inFlight);
    else result.response.once('close', () => version.end(inFlight));
    const asked = { version, result, latencyMs: performance.now() - clock, inFlight };
    this.#noteSpan(asked, spanId, clock);
    return asked;
  }

  async #attempt(version: Version, spanId: string, freshConnection: boolean): Promise<AttemptResult> {
    const { upstream } = version;
    this.#current = null;
    if (!upstream)
      return {
        kind: 'lost',
        failure: 'connection',
        error: 'the version is not running',
        neverSent: true,
        stale: false,
      };
    const ask = {
      method: this.#method,
      path: this.#path,
      headers: [...this.#headers, 'traceparent', traceparent(this.#trace, spanId)],
      body: this.#body,
      timeoutMs: this.#app.config.requestTimeoutMs,
      onInterim: (status: number, headers: NodeJS.Dict<string | string[]>) => this.#interim(status, headers),
    };
    this.#current = attempt(upstream, ask, freshConnection);
    return this.#current.result;
  }

  #noteSpan({ version, result, latencyMs }: Asked, spanId: string, clock: number): void {
    const startedAt = this.#startedAt + (clock - this.#clock);
    this.#spans.push({
      spanId,
      release: version.id,
      version: version.spec.version,
      port: version.upstream?.port ?? null,
      startedAt,
      endedAt: startedAt + latencyMs,
      status: result.kind === 'response' ? result.response.statusCode! : null,
      error: result.kind === 'lost' ? result.error : '',
      resend: this.#spans.length,
    });
  }

  async #serve(asked: Asked, answer: Answer): Promise<void> {
    const delivery = await this.#deliver(answer);
    if (delivery === 'broken') return this.#brokenOff(asked, answer);
    const status = answer.response.statusCode!;
    this.#app.observe(asked.version, { failed: false, latencyMs: asked.latencyMs }, this.#kept(asked.latencyMs));
    this.#count(asked, status, { failed: false, saved: false, visible: false });
    if (this.#trace.continued && this.#trace.sampled) this.#emitTrace(asked.version, status, '');
  }

  async #fail(first: Asked): Promise<void> {
    const id = randomId(8);
    this.#app.observe(first.version, { failed: true, latencyMs: first.latencyMs }, this.#kept(first.latencyMs, id));
    const fallback = this.#fallbackFor(first);
    const second = fallback ? await this.#ask(fallback) : null;
    let given: Asked = first;
    if (second?.result.kind === 'response') {
      given = second;
      if (first.result.kind === 'response') this.#discard(first.result);
    }
    const delivery =
      given.result.kind === 'response'
        ? await this.#deliver(given.result, given === first)
        : this.#giveUp(given.result);
    const saved =
      given === second &&
      given.result.kind === 'response' &&
      given.result.response.statusCode! < 500 &&
      delivery !== 'broken';
    const visible = !saved && delivery !== 'client-gone';
    this.#count(first, statusOf(first.result), { failed: true, saved, visible });
    const failure = this.#describe(id, first, second, visible);
    this.#app.reportFailure(first.version, failure, () => this.#otlp(statusOf(given.result), failure.error));
  }

  /** The last good version, where this request can be repeated on it. */
  #fallbackFor(first: Asked): Version | null {
    const repeatable = this.idempotent || (first.result.kind === 'lost' && first.result.neverSent);
    if (!repeatable || this.#clientGone || !(this.#body?.replayable ?? true)) return null;
    return this.#app.fallbackFor(first.version);
  }

  /** The connection broke after the user had got a part of the answer: nothing can repair that. */
  #brokenOff(asked: Asked, answer: Answer): void {
    const id = randomId(8);
    this.#app.observe(asked.version, { failed: true, latencyMs: asked.latencyMs }, this.#kept(asked.latencyMs, id));
    const result: Lost = {
      kind: 'lost',
      failure: 'connection',
      error: 'the connection was lost in the middle of the answer',
      neverSent: false,
      stale: false,
    };
    this.#count(asked, answer.response.statusCode!, { failed: true, saved: false, visible: true });
    const failure = this.#describe(id, { ...asked, result }, null, true);
    this.#app.reportFailure(asked.version, failure, () => this.#otlp(null, result.error));
  }

  /** A user who goes away is no failure; but having waited beyond the limit of "slow" is still an observation. */
  #abandoned({ version, result, latencyMs }: Asked): void {
    if (result.kind === 'response') this.#discard(result);
    this.#app.observeAbandoned(version, latencyMs);
  }

  #deliver(answer: Answer, capture = false): Promise<Delivery> {
    const { response, request } = answer;
    const res = this.#res;
    if (this.#clientGone) {
      request.destroy();
      return Promise.resolve('client-gone');
    }
    this.#writeHead(answer);
    if (capture) this.#captured.watch(response);
    // Registered before pipe's own listener, which ends the answer.
    response.on('end', () => {
      if (response.rawTrailers.length > 0 && res.chunkedEncoding) res.addTrailers(trailerPairs(response.rawTrailers));
    });
    response.pipe(res);
    // Small answers go out in one packet; a stream whose first byte is not there yet shows its head at once.
    setImmediate(() => res.writableEnded || res.flushHeaders());
    return new Promise((resolve) => {
      response.on('error', () => {});
      res.once('close', () => {
        if (res.writableFinished) return;
        request.destroy();
        resolve(this.#clientGone && !this.#upstreamBroke ? 'client-gone' : 'broken');
      });
      response.once('close', () => {
        if (response.complete) {
          if (this.#body && !this.#body.complete) this.#body.detach();
          return resolve('complete');
        }
        if (!this.#clientGone) this.#upstreamBroke = true;
        res.destroy();
      });
    });
  }

  #writeHead({ response }: Answer): void {
    const status = response.statusCode!;
    const chunked =
      response.headers['content-length'] === undefined &&
      this.#method !== 'HEAD' &&
      status !== 204 &&
      status !== 304 &&
      this.#req.httpVersion === '1.1';
    const headers = responseHeaders(response, chunked);
    if (this.#app.closing) headers.push('Connection', 'close');
    this.#res.writeHead(status, response.statusMessage ?? '', headers);
  }

  /** Reads on for the evidence, but not for long: nobody is waiting for this answer. */
  #discard({ response, request }: Answer): void {
    this.#captured.watch(response);
    response.on('error', () => {});
    const timer = setTimeout(() => request.destroy(), 1_000);
    response.once('close', () => clearTimeout(timer));
  }

  #giveUp(lost: Lost): Delivery {
    if (this.#clientGone) return 'client-gone';
    const timedOut = lost.failure === 'timeout';
    this.#refuse(
      timedOut ? 504 : 502,
      timedOut ? 'The application did not answer in time.' : 'The application did not answer.',
    );
    return 'complete';
  }

  #refuse(status: number, message: string): void {
    this.#req.resume();
    if (this.#res.headersSent) return void this.#res.destroy();
    const head: Record<string, string> = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(message.length + 1),
    };
    if (status === 503) head['Retry-After'] = '1';
    this.#res.writeHead(status, head).end(`${message}\n`);
  }

  #interim(status: number, headers: NodeJS.Dict<string | string[]>): void {
    if (this.#res.headersSent || this.#clientGone) return;
    if (status === 100 && this.#req.expectsContinue) {
      this.#req.expectsContinue = false;
      this.#res.writeContinue();
    } else if (status === 102) this.#res.writeProcessing();
    else if (status === 103 && headers.link)
      this.#res.writeEarlyHints({ ...headers, link: headers.link } as Record<string, string | string[]>);
  }

  /** The request as it can be sent again, null where it cannot. */
  #kept(latencyMs: number, id = '') {
    const body = this.#body;
    if (!this.idempotent || (body && !(body.complete && body.replayable))) return null;
    return () => ({
      id: id || randomId(8),
      method: this.#method,
      path: this.#path,
      headers: [...this.#headers],
      body: body ? body.kept : null,
      latencyMs,
    });
  }

  #count(asked: Asked, status: number, outcome: { failed: boolean; saved: boolean; visible: boolean }): void {
    this.#app.count({
      release: asked.version.id,
      method: this.#method,
      status,
      latencyMs: asked.latencyMs,
      ...outcome,
    });
  }

  #describe(id: string, first: Asked, second: Asked | null, visible: boolean): Exchange {
    const answer = first.result.kind === 'response' ? first.result.response : null;
    const lost = first.result.kind === 'lost' ? first.result : null;
    const requestBody = new CapturedBody();
    if (this.#body) requestBody.add(this.#body.kept);
    const sent = requestBody.text(this.#req.headers['content-encoding']);
    const got = this.#captured.text(answer?.headers['content-encoding']);
    const savior = second?.result.kind === 'response' ? second : null;
    return {
      id,
      at: this.#startedAt,
      method: this.#method,
      path: this.#path,
      requestHeaders: redacted(this.#req.rawHeaders),
      requestBody: sent.text,
      status: answer?.statusCode ?? null,
      responseHeaders: answer ? redacted(answer.rawHeaders) : [],
      responseBody: got.text,
      truncated: sent.truncated || got.truncated || this.#body?.replayable === false,
      failure: lost?.failure ?? 'status',
      error: lost?.error ?? '',
      latencyMs: first.latencyMs,
      idempotent: this.idempotent,
      traceId: this.#trace.traceId,
      spanId: this.#trace.spanId,
      savedBy: savior && { release: savior.version.id, status: statusOf(savior.result), latencyMs: savior.latencyMs },
      visible,
    };
  }

  #emitTrace(version: Version, status: number | null, error: string): void {
    this.#app.emitTrace(version, () => this.#otlp(status, error));
  }

  #otlp(status: number | null, error: string): unknown {
    return exchangeSpans({
      service: this.#app.config.service,
      environment: this.#app.config.environment,
      context: this.#trace,
      method: this.#method,
      path: this.#path,
      host: this.#req.headers.host ?? '',
      userAgent: this.#req.headers['user-agent'] ?? '',
      startedAt: this.#startedAt,
      endedAt: this.#startedAt + (performance.now() - this.#clock),
      status,
      error: status !== null && status < 500 ? '' : error,
      attempts: this.#spans,
    });
  }
}

function statusOf(result: AttemptResult): number {
  if (result.kind === 'response') return result.response.statusCode!;
  return result.failure === 'timeout' ? 504 : 502;
}

function trailerPairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!]);
  return list;
}
