import { createHttpClient, type HttpClient, type HttpResponse } from '@nightshift/server/collect';
import type { RemoteWriteConfig } from '../config/remote-write.ts';
import type { Answer } from './judgement.ts';

/** Sends one request; never throws. */
export interface Sender {
  send(block: Uint8Array, repeat: number, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** Of an answer's text, for people. */
const shownText = 300;

async function beginningOf({ body }: HttpResponse): Promise<string> {
  let text = '';
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > shownText) break;
  }
  return text.split('\n', 1)[0]?.trim().slice(0, shownText) ?? '';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return [error.message || code || error.name, cause].filter((part) => part !== '').join(': ');
}

/** https://prometheus.io/docs/specs/prw/remote_write_spec/ */
const protocolHeaders = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
} as const;

export function createSender(config: RemoteWriteConfig): Sender {
  const client: HttpClient = createHttpClient(config.http);
  const headers = { ...config.headers, ...protocolHeaders };
  return {
    send: async (block, repeat, signal) => {
      const timeout = AbortSignal.timeout(config.timeoutMs);
      try {
        const all = repeat > 0 ? { ...headers, 'retry-attempt': String(repeat) } : headers;
        const response = await client.post(config.url, all, block, AbortSignal.any([signal, timeout]));
        const retryAfter = String(response.headers['retry-after'] ?? '');
        const text = await beginningOf(response);
        return { status: response.status, retryAfter, text };
      } catch (error) {
        return { failure: timeout.aborted ? `no answer within ${config.timeoutMs} ms` : reasonOf(error) };
      }
    },
    close: () => client.close(),
  };
}
