import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): ids in lower-case hex. */
export interface TraceContext {
  readonly traceId: string;
  /** The caller's span, '' where the trace begins here. */
  readonly parentSpanId: string;
  /** This request's own SERVER span. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** Whether the caller sent a valid traceparent. */
  readonly continued: boolean;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

const pool = Buffer.alloc(4096);
let used = pool.length;

/** @returns `bytes` random bytes in hex. */
export function randomId(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** Continues the caller's trace, or begins one. A trace that begins here is sampled, so that the application's spans join it. */
export function traceContextOf(req: IncomingMessage): TraceContext {
  const header = req.headers.traceparent;
  const match = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  const spanId = randomId(8);
  if (!match) return { traceId: randomId(16), parentSpanId: '', spanId, sampled: true, continued: false };
  const sampled = (Number.parseInt(match[3]!, 16) & 1) === 1;
  return { traceId: match[1]!, parentSpanId: match[2]!, spanId, sampled, continued: true };
}

export function traceparent(context: TraceContext, spanId: string): string {
  return `00-${context.traceId}-${spanId}-${context.sampled ? '01' : '00'}`;
}
