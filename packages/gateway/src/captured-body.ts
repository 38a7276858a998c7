import type { Readable } from 'node:stream';
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** Bodies are kept as evidence up to this size. */
export const EVIDENCE_BYTES = 64 * 1024;

/** The beginning of a body, as text for a person. */
export interface CapturedText {
  readonly text: string;
  readonly truncated: boolean;
}

/** Copies the beginning of a stream that somebody else consumes. */
export class CapturedBody {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #truncated = false;

  watch(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.add(chunk));
  }

  add(chunk: Buffer): void {
    const room = EVIDENCE_BYTES - this.#bytes;
    if (chunk.length > room) this.#truncated = true;
    if (room <= 0) return;
    this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += Math.min(room, chunk.length);
  }

  /** @param encoding the Content-Encoding; what cannot be decoded is shown as it is. */
  text(encoding: string | undefined): CapturedText {
    const raw = Buffer.concat(this.#chunks);
    const decoded = decode(raw, encoding);
    const cut = decoded.subarray(0, EVIDENCE_BYTES);
    return { text: cut.toString('utf8'), truncated: this.#truncated || cut.length < decoded.length };
  }
}

function decode(raw: Buffer, encoding: string | undefined): Buffer {
  const limits = { maxOutputLength: 16 * EVIDENCE_BYTES };
  try {
    if (encoding === 'gzip') return gunzipSync(raw, { ...limits, finishFlush: constants.Z_SYNC_FLUSH });
    if (encoding === 'deflate') return inflateSync(raw, { ...limits, finishFlush: constants.Z_SYNC_FLUSH });
    if (encoding === 'br')
      return brotliDecompressSync(raw, { ...limits, finishFlush: constants.BROTLI_OPERATION_FLUSH });
  } catch {
    // Evidence that cannot be decoded is still evidence.
  }
  return raw;
}
