import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the application noticed, by the name of the exchange that a request carries. */
export type Notes = Record<string, string[]>;

const REQUEST = ['end', 'close', 'aborted', 'error'] as const;
const RESPONSE = ['finish', 'close', 'drain', 'error', 'pipe', 'unpipe'] as const;

export class Seen {
  private notes: Notes = {};
  /** Of the listener that has thrown last: whoever catches that may end it. */
  thrown: ServerResponse | undefined;

  note(exchange: string, text: string): void {
    this.notes[exchange] ??= [];
    this.notes[exchange].push(text);
  }

  /** Listens to all that tells an application how a request and its response fare. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const name = nameOf(request);
    for (const event of REQUEST) {
      request.on(event, (error?: NodeJS.ErrnoException) => this.note(name, `request ${event} ${error?.code ?? ''}`));
    }
    for (const event of RESPONSE) {
      response.on(event, (error?: NodeJS.ErrnoException) => this.note(name, `response ${event} ${codeOf(error)}`));
    }
  }

  take(): Notes {
    const { notes } = this;
    this.notes = {};
    return notes;
  }
}

const codeOf = (value: unknown): string => (value instanceof Error ? ((value as { code?: string }).code ?? '') : '');

export const nameOf = (request: IncomingMessage): string => String(request.headers['x-exchange'] ?? 'none');
