import type { SentCounts } from '../request/write-v2.ts';
import { firstLine, namedReasons } from './refusal.ts';

/** What came of one request. */
export type Answer =
  | {
      readonly status: number;
      readonly retryAfter: string;
      /** The beginning of what it says. */
      readonly text: string;
      /** What the server says that it wrote, in the headers of remote write 2.0; undefined where it has none of them. */
      readonly written: SentCounts | undefined;
    }
  /** There was no answer. */
  | { readonly failure: string };

export type Judgement =
  | { readonly kind: 'delivered' }
  /** The server will never take it, or has taken a part and will never take the rest. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly code: string;
      /** Why samples were refused for what they are, as far as the answer names it. */
      readonly named: readonly string[];
    }
  /** The server does not understand remote write 2.0. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  | {
      readonly kind: 'again';
      readonly reason: string;
      readonly code: string;
      /** How long the server asks to wait; undefined where it does not say. */
      readonly afterMs: number | undefined;
      /** Whether somebody has to do something before it can be any better. */
      readonly isDenied: boolean;
    };

/** What a server may ask for at most. */
const mostWaitMs = 3_600_000;

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds: seconds or a date. Undefined for anything else. */
export function retryAfterMs(header: string, now: number): number | undefined {
  const text = header.trim();
  if (text === '') return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), mostWaitMs);
}

/**
 * Answers that say something of the address or of who asks, and nothing of what was sent: a token that was changed, a path
 * that is wrong, a receiver that is switched off. The same data is taken once that is put right.
 */
const isDenial = (status: number): boolean =>
  (status >= 300 && status < 400) || [401, 402, 403, 404, 405, 407, 408, 410].includes(status);

/**
 * 5xx, 429 and no answer are tried again, and so is a denial, which the specification would have final; every other answer
 * that is no success is final. `sent` is what a request of remote write 2.0 held, undefined for one of 1.0.
 */
export function judge(answer: Answer, now: number, sent?: SentCounts): Judgement {
  if ('failure' in answer) {
    return { kind: 'again', reason: answer.failure, code: 'no answer', afterMs: undefined, isDenied: false };
  }
  const { status, text, written } = answer;
  if (status >= 200 && status < 300) {
    // A receiver of 1.0 that does not look at the content type finds an empty request in it, and is content.
    if (sent && !written) return { kind: 'unsupported', reason: `HTTP ${status} without the headers of 2.0` };
    return { kind: 'delivered' };
  }
  const code = String(status);
  const said = firstLine(text);
  const reason = `HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  if (sent && status === 415) return { kind: 'unsupported', reason };
  const isDenied = isDenial(status);
  if (status === 429 || status >= 500 || isDenied) {
    return { kind: 'again', reason, code, afterMs: retryAfterMs(answer.retryAfter, now), isDenied };
  }
  return { kind: 'refused', reason, code, named: namedReasons(text) };
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
