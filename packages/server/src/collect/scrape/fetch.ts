import { NightshiftError } from '../../errors/catalogue.ts';
import { readBody } from '../body.ts';
import type { HttpClient } from './http/client.ts';

/** What a target answered, decompressed. */
export interface Exposition {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** The body is larger than allowed. */
export class BodySizeError extends Error {
  constructor() {
    super('body size limit exceeded');
  }
}

export interface FetchOptions {
  readonly url: string;
  readonly accept: string;
  readonly timeoutMs: number;
  readonly compression: boolean;
  /** Bytes, as sent and decompressed. */
  readonly maxBytes: number;
}

/** Bounds every scrape, whether a limit is set or not. */
export const mostBytes = 64 * 1024 * 1024;

/** Asks a target for its metrics. Throws an Error with the reason where it does not give all of them in time. */
export async function fetchExposition(client: HttpClient, options: FetchOptions): Promise<Exposition> {
  const { url, accept, timeoutMs, compression, maxBytes } = options;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    const headers = {
      accept,
      'accept-encoding': compression ? 'gzip' : 'identity',
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
    };
    const response = await client.get(url, headers, timeout.signal);
    if (response.status !== 200) {
      response.discard();
      throw new Error(`server returned HTTP status ${response.statusLine}`);
    }
    const encoding = response.headers['content-encoding'] === 'gzip' ? 'gzip' : 'identity';
    const limits = { maxBodyBytes: maxBytes, maxDecompressedBytes: maxBytes };
    const body = await readBody(response.body, encoding, limits);
    const type = response.headers['content-type'];
    return { body, contentType: String(type ?? '') };
  } catch (error) {
    if (timeout.signal.aborted) throw new Error(`no complete answer within ${timeoutMs} ms`);
    if (error instanceof NightshiftError && error.code === 'BODY_TOO_LARGE') throw new BodySizeError();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
