import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import { NightshiftError } from '../errors/catalogue.ts';
import { type BodyLease, unbudgeted } from './body-budget.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxDecompressedBytes: number;
}

const inflaters: Record<string, () => Gunzip | Inflate> = { gzip: createGunzip, deflate: createInflate };

/** A body that needs no unfolding, gathered as its pieces come: without an iterator, which costs as much as decoding it. */
function gather(request: Readable, limit: number, lease: BodyLease): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (end: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      end();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > limit) throw new NightshiftError('BODY_TOO_LARGE', { limit, which: 'as sent' });
        lease.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        request.pause();
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(new Error('Premature close')));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

async function drain(
  stream: AsyncIterable<Buffer>,
  limit: number,
  which: string,
  lease: BodyLease,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) throw new NightshiftError('BODY_TOO_LARGE', { limit, which });
    lease.take(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

/**
 * Reads a request body to its end and undoes `encoding` (`gzip`, `deflate`; others are left as they are), holding no
 * more than the limits in memory: a bomb is cut while it unfolds. What is held is taken from `lease`,
 * which the caller ends when it is done with the body. Throws BODY_TOO_LARGE, OVERLOADED, or BODY_INVALID where the
 * compressed stream is damaged or the sender went away in mid-body; a TimeoutError of the stream goes through.
 */
export async function readBody(
  request: Readable,
  encoding: string,
  limits: BodyLimits,
  lease: BodyLease = unbudgeted,
): Promise<Uint8Array> {
  let sent = 0;
  const counted = async function* () {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sent += chunk.length;
      if (sent > limits.maxBodyBytes) {
        throw new NightshiftError('BODY_TOO_LARGE', { limit: limits.maxBodyBytes, which: 'as sent' });
      }
      yield chunk;
    }
  };
  const inflater = inflaters[encoding];
  try {
    if (!inflater) return await gather(request, limits.maxBodyBytes, lease);
    return await pipeline(counted, inflater(), (unfolded: AsyncIterable<Buffer>) =>
      drain(unfolded, limits.maxDecompressedBytes, 'decompressed', lease),
    );
  } catch (error) {
    if (error instanceof NightshiftError || (error instanceof Error && error.name === 'TimeoutError')) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NightshiftError('BODY_INVALID', { reason: `The body cannot be read as ${encoding}: ${reason}.` });
  }
}
