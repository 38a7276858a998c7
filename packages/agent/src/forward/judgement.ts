/** What came of one request. */
export type Answer =
  | { readonly status: number; readonly retryAfter: string; readonly text: string }
  /** There was no answer. */
  | { readonly failure: string };

export type Judgement =
  | { readonly kind: 'delivered' }
  /** The server will never take it. */
  | { readonly kind: 'refused'; readonly reason: string; readonly code: string }
  /** `afterMs`: how long the server asks to wait; undefined where it does not say. */
  | { readonly kind: 'again'; readonly reason: string; readonly code: string; readonly afterMs: number | undefined };

/** What a server may ask for at most. */
const mostWaitMs = 3_600_000;

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds: seconds or a date. Undefined for anything else. */
export function retryAfterMs(header: string, now: number): number | undefined {
  const text = header.trim();
  if (text === '') return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), mostWaitMs);
}

/** 5xx, 429 and no answer are tried again; every other answer that is no success is final (remote write 1.0 and 2.0). */
export function judge(answer: Answer, now: number): Judgement {
  if ('failure' in answer) {
    return { kind: 'again', reason: answer.failure, code: 'no answer', afterMs: undefined };
  }
  const { status, text } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const code = String(status);
  const reason = `HTTP ${status}${text === '' ? '' : `: ${text}`}`;
  if (status === 429 || status >= 500) {
    return { kind: 'again', reason, code, afterMs: retryAfterMs(answer.retryAfter, now) };
  }
  return { kind: 'refused', reason, code };
}

export interface BackoffLimits {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/**
 * Milliseconds before repeat number `repeat` (from 0): doubled each time up to the longest, and of that between half and
 * all, so that agents that failed together do not come back together. `random` is from 0 to 1.
 */
export function backoffMs(repeat: number, { minBackoffMs, maxBackoffMs }: BackoffLimits, random: number): number {
  const full = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(repeat, 30));
  return full * (0.5 + random / 2);
}
