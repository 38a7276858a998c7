import { Agent, request as httpRequest } from 'node:http';

/** What is sent. `redirect`, `list` and `page` are reads; `write` makes a link. */
export type RequestKind = 'write' | 'redirect' | 'list' | 'page';

export interface Sample {
  /** Unix milliseconds at which the schedule wanted it sent. */
  readonly at: number;
  readonly kind: RequestKind;
  /** null where no response came. */
  readonly status: number | null;
  /** Milliseconds from the scheduled instant to the end of the response, so that a late start counts as waiting. */
  readonly latencyMs: number;
  /** Whether the user got what was asked for: 201, 302 or 200. */
  readonly ok: boolean;
  /** Safe to repeat (RFC 9110 §9.2.2). */
  readonly idempotent: boolean;
  /** In words; '' where a response came. */
  readonly error: string;
}

export interface TrafficOptions {
  /** Address of the application, without a slash at its end. */
  readonly url: string;
  readonly requestsPerSecond: number;
  /** Share of writes, 0 to 1. */
  readonly writeShare: number;
  readonly timeoutMs: number;
}

export interface TrafficSummary {
  readonly requests: number;
  readonly failedIdempotent: number;
  readonly failedOther: number;
  /** Unix milliseconds, null where none failed: when the first failure was sent, and when the last one was answered. */
  readonly firstFailureAt: number | null;
  readonly lastFailureAt: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const EXPECTED: Readonly<Record<RequestKind, number>> = { write: 201, redirect: 302, list: 200, page: 200 };
const READS: readonly RequestKind[] = ['redirect', 'redirect', 'redirect', 'list', 'redirect', 'redirect', 'page'];
const TICK_MS = 5;
const KEPT_CODES = 200;

interface Answer {
  status: number | null;
  body: string;
  error: string;
}

/**
 * Users of the link shortener: an open loop, that is, requests leave when the schedule says so, however slow the
 * answers are. Nothing is repeated: what fails, failed for a user.
 */
export class Traffic {
  readonly samples: Sample[] = [];
  /** Resolves when the first request has failed; never, where none does. */
  readonly firstFailure: Promise<void>;
  readonly #options: TrafficOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512, scheduling: 'lifo' });
  readonly #inFlight = new Set<Promise<void>>();
  readonly #codes: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #hasFailed!: () => void;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.firstFailure = new Promise((resolve) => {
      this.#hasFailed = resolve;
    });
  }

  start(): void {
    const startedAt = performance.now();
    const wallStart = Date.now();
    const spacing = 1000 / this.#options.requestsPerSecond;
    this.#timer = setInterval(() => {
      while (this.#sent * spacing <= performance.now() - startedAt) {
        const due = this.#sent * spacing;
        this.#send(this.#sent, startedAt + due, Math.round(wallStart + due));
        this.#sent += 1;
      }
    }, TICK_MS);
  }

  /** Sends nothing more, and waits for what is in flight. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    this.#agent.destroy();
  }

  summary(): TrafficSummary {
    const failures = this.samples.filter(({ ok }) => !ok);
    const latencies = this.samples.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    const quantile = (q: number) => latencies[Math.ceil(q * latencies.length) - 1] ?? null;
    return {
      requests: this.samples.length,
      failedIdempotent: failures.filter(({ idempotent }) => idempotent).length,
      failedOther: failures.filter(({ idempotent }) => !idempotent).length,
      firstFailureAt: extreme(
        Math.min,
        failures.map(({ at }) => at),
      ),
      lastFailureAt: extreme(
        Math.max,
        failures.map(({ at, latencyMs }) => Math.round(at + latencyMs)),
      ),
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
    };
  }

  #kindOf(index: number): RequestKind {
    const { writeShare } = this.#options;
    // Spreads the writes evenly: one whenever the running share reaches the next whole number.
    if (Math.ceil((index + 1) * writeShare) > Math.ceil(index * writeShare)) return 'write';
    const kind = READS[index % READS.length] ?? 'page';
    return kind === 'redirect' && this.#codes.length === 0 ? 'page' : kind;
  }

  #send(index: number, dueAt: number, at: number): void {
    const kind = this.#kindOf(index);
    const sent = this.#ask(kind, index).then(({ status, body, error }) => {
      const ok = status === EXPECTED[kind];
      if (ok && kind === 'write') this.#keepCode(body);
      const latencyMs = performance.now() - dueAt;
      const sample = { at, kind, status, latencyMs, ok, idempotent: kind !== 'write', error };
      this.samples.push(sample);
      if (!ok) this.#hasFailed();
    });
    this.#inFlight.add(sent);
    void sent.finally(() => this.#inFlight.delete(sent));
  }

  #keepCode(body: string): void {
    this.#codes.push((JSON.parse(body) as { code: string }).code);
    if (this.#codes.length > KEPT_CODES) this.#codes.shift();
  }

  #pathOf(kind: RequestKind, index: number): string {
    if (kind === 'page') return '/';
    return kind === 'redirect' ? `/${this.#codes[index % this.#codes.length]}` : '/api/links';
  }

  /** Never rejects: a lost connection and a time-out are answers, too. */
  #ask(kind: RequestKind, index: number): Promise<Answer> {
    const { url, timeoutMs } = this.#options;
    const isWrite = kind === 'write';
    return new Promise((resolve) => {
      const failed = (error: Error) => resolve({ status: null, body: '', error: error.message });
      const request = httpRequest(url + this.#pathOf(kind, index), {
        method: isWrite ? 'POST' : 'GET',
        headers: isWrite ? { 'content-type': 'application/json' } : {},
        agent: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.once('error', failed).once('response', (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response
          .once('error', failed)
          .once('end', () => resolve({ status: response.statusCode ?? null, body, error: '' }));
      });
      request.end(isWrite ? JSON.stringify({ url: `https://example.org/pages/${index}` }) : undefined);
    });
  }
}

function extreme(pick: (...values: number[]) => number, values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => pick(a, b));
}
