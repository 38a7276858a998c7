import { WireError } from '../batch.ts';

const TRACE_ID = 32;
const SPAN_ID = 16;

/** Fails unless `id` (hexadecimal) is a valid trace id: 16 bytes, not all zero (W3C Trace Context, OTLP). */
export function checkTraceId(id: string, where: string): void {
  check(id, TRACE_ID, 'trace id', where);
}

/** Fails unless `id` (hexadecimal) is a valid span id: 8 bytes, not all zero. */
export function checkSpanId(id: string, where: string): void {
  check(id, SPAN_ID, 'span id', where);
}

/** An id that may be absent: '' for none or all zeros, which some exporters send for none. @throws WireError for a wrong length. */
export function optionalId(id: string, kind: 'trace id' | 'span id', where: string): string {
  if (id === '' || isZero(id)) return '';
  check(id, kind === 'trace id' ? TRACE_ID : SPAN_ID, kind, where);
  return id;
}

function check(id: string, digits: number, kind: string, where: string): void {
  if (id.length !== digits) {
    throw new WireError(
      `${where}: ${kind} "${id.slice(0, 64)}" has ${id.length} hexadecimal digits, expected ${digits}`,
    );
  }
  if (isZero(id)) throw new WireError(`${where}: ${kind} is all zeros`);
}

function isZero(id: string): boolean {
  for (let i = 0; i < id.length; i++) if (id.charCodeAt(i) !== 0x30) return false;
  return true;
}
