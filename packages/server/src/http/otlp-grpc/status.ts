import type { NightshiftError } from '../../errors/catalogue.ts';

export const OK = 0;
export const UNIMPLEMENTED = 12;

/**
 * Codes by HTTP status. Of those that OTLP's table calls retryable only UNAVAILABLE is used, so that a sender tries again
 * exactly where it would over HTTP.
 */
const CODES: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 12, 413: 3, 415: 12, 429: 14, 503: 14 };
const INTERNAL = 13;

/** ASCII without control characters and `%`; everything else as its bytes in UTF-8, percent-encoded. */
function encoded(message: string): string {
  let text = '';
  for (const byte of Buffer.from(message.slice(0, 1000))) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

export interface StatusTrailers {
  readonly 'grpc-status': string;
  readonly 'grpc-message'?: string;
  readonly 'grpc-status-details-bin'?: string;
}

export function statusOf(error: NightshiftError): StatusTrailers {
  const code = CODES[error.status] ?? INTERNAL;
  return {
    'grpc-status': String(code),
    'grpc-message': encoded(error.message),
    ...(error.retryAfter !== undefined && { 'grpc-status-details-bin': retryInfo(code, error.retryAfter) }),
  };
}

export const statusWith = (code: number, message: string): StatusTrailers => ({
  'grpc-status': String(code),
  'grpc-message': encoded(message),
});

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** google.rpc.Status with a google.rpc.RetryInfo, base64 without padding as metadata of binary form are. */
function retryInfo(code: number, retryAfter: number): string {
  const seconds = Math.min(127, Math.max(1, Math.ceil(retryAfter)));
  // Every length is below 128: one byte.
  const field = (tag: number, bytes: Uint8Array) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const delay = field(0x0a, Buffer.from([0x08, seconds]));
  const any = Buffer.concat([field(0x0a, Buffer.from(RETRY_INFO)), field(0x12, delay)]);
  return Buffer.concat([Buffer.from([0x08, code]), field(0x1a, any)])
    .toString('base64')
    .replace(/=+$/, '');
}
