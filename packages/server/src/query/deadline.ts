import { performance } from 'node:perf_hooks';
import type { Checkpoint } from '@nightshift/promql';
import { NightshiftError } from '../errors/catalogue.ts';
import { tookTooLong } from './limits.ts';

/** A query that evaluates longer than this lets other requests have their turn before it goes on. */
const turnMs = 20;

/**
 * Ends a query when its time is over or its client has gone. A timer aborts `signal`, which stops what waits for the
 * engine; while the evaluator computes no timer fires, and its checks see the clock instead.
 */
export class Deadline implements Checkpoint {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #end: number;
  readonly #over: () => NightshiftError;
  readonly #client: AbortSignal | undefined;
  #turnSince = performance.now();

  /** `askedMs` is what the request allows, `limitMs` what the configuration does; the lesser counts. */
  constructor(limitMs: number, askedMs?: number, client?: AbortSignal) {
    const ms = Math.min(limitMs, askedMs ?? limitMs);
    this.#over = () =>
      ms < limitMs ? new NightshiftError('QUERY_TIMEOUT', { seconds: ms / 1000 }) : tookTooLong(limitMs);
    this.#end = performance.now() + ms;
    this.#timer = setTimeout(() => this.#controller.abort(this.#over()), ms);
    this.#client = client;
    this.signal = this.#controller.signal;
    if (client?.aborted) this.#gone();
    client?.addEventListener('abort', this.#gone, { once: true });
  }

  #gone = (): void => this.#controller.abort(new NightshiftError('QUERY_CANCELED'));

  check(): void {
    this.signal.throwIfAborted();
    if (performance.now() < this.#end) return;
    this.#controller.abort(this.#over());
    this.signal.throwIfAborted();
  }

  pause(): Promise<void> | undefined {
    if (performance.now() - this.#turnSince < turnMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#turnSince = performance.now();
        resolve();
      }),
    );
  }

  /** Must be called when the query is over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#client?.removeEventListener('abort', this.#gone);
  }
}
