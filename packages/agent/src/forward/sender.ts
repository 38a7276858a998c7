import { createHttpClient, type HttpClient, type HttpResponse } from '@nightshift/server/collect';
import type { RemoteWriteConfig } from '../config/remote-write.ts';
import type { SentCounts } from '../request/write-v2.ts';
import type { Answer } from './judgement.ts';
import type { Protocol } from './protocol.ts';

/** Sends one request; never throws. */
export interface Sender {
  send(block: Uint8Array, protocol: Protocol, repeat: number, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** Of an answer's text. */
const readCharacters = 4096;

async function beginningOf({ body }: HttpResponse): Promise<string> {
  let text = '';
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > readCharacters) break;
  }
  return text.slice(0, readCharacters);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return [error.message || code || error.name, cause].filter((part) => part !== '').join(': ');
}

const writtenHeader = (what: string): string => `x-prometheus-remote-write-${what}-written`;

/** What the headers of remote write 2.0 say; a count that is not there, or no number, is 0. */
function writtenOf({ headers }: HttpResponse): SentCounts | undefined {
  const texts = ['samples', 'histograms', 'exemplars'].map((what) => headers[writtenHeader(what)]);
  if (texts.every((text) => text === undefined)) return undefined;
  const [samples = 0, histograms = 0, exemplars = 0] = texts.map((text) => Number.parseInt(String(text), 10) || 0);
  return { samples, histograms, exemplars };
}

export function createSender(config: RemoteWriteConfig): Sender {
  const client: HttpClient = createHttpClient(config.http);
  return {
    send: async (block, protocol, repeat, signal) => {
      const timeout = AbortSignal.timeout(config.timeoutMs);
      try {
        const attempt = repeat > 0 ? { 'retry-attempt': String(repeat) } : undefined;
        const all = { ...config.headers, ...protocol.headers, ...attempt };
        const response = await client.post(config.url, all, block, AbortSignal.any([signal, timeout]));
        const retryAfter = String(response.headers['retry-after'] ?? '');
        const text = await beginningOf(response);
        return { status: response.status, retryAfter, text, written: writtenOf(response) };
      } catch (error) {
        return { failure: timeout.aborted ? `no answer within ${config.timeoutMs} ms` : reasonOf(error) };
      }
    },
    close: () => client.close(),
  };
}
