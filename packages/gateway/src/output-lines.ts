import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Bytes after which a line is cut. */
export const LINE_BYTES = 8 * 1024;
const BATCH_MS = 200;
const BATCH_LINES = 500;

export interface OutputLine {
  readonly at: number;
  readonly stream: 1 | 2;
  readonly text: string;
}

/** Collects what a process writes into batches of lines, in order of arrival, at most every 200 ms or 500 lines. */
export class OutputLines {
  /** The newest lines of stderr, for a reason in words. */
  readonly lastErrors: string[] = [];
  readonly #now: () => number;
  readonly #emit: (lines: OutputLine[]) => void;
  #batch: OutputLine[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(now: () => number, emit: (lines: OutputLine[]) => void) {
    this.#now = now;
    this.#emit = emit;
  }

  read(source: Readable, stream: 1 | 2): void {
    const decoder = new StringDecoder('utf8');
    let partial = '';
    let cutting = false;
    const line = (text: string) => {
      if (!cutting) this.#add(stream, text);
      cutting = false;
    };
    source.on('data', (chunk: Buffer) => {
      const parts = (partial + decoder.write(chunk)).split('\n');
      partial = parts.pop()!;
      for (const part of parts) line(part.endsWith('\r') ? part.slice(0, -1) : part);
      if (partial.length <= LINE_BYTES) return;
      if (!cutting) this.#add(stream, partial);
      cutting = true;
      partial = '';
    });
    source.on('end', () => partial !== '' && line(partial));
    source.on('error', () => {});
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch.length === 0) return;
    const lines = this.#batch;
    this.#batch = [];
    this.#emit(lines);
  }

  #add(stream: 1 | 2, text: string): void {
    const cut = capBytes(text);
    this.#batch.push({ at: this.#now(), stream, text: cut });
    if (stream === 2 && cut.trim() !== '') {
      this.lastErrors.push(cut);
      if (this.lastErrors.length > 20) this.lastErrors.shift();
    }
    if (this.#batch.length >= BATCH_LINES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }
}

function capBytes(text: string): string {
  if (text.length * 3 <= LINE_BYTES || Buffer.byteLength(text) <= LINE_BYTES) return text;
  // Cutting bytes may split a character; a decoder that is not ended leaves the half one out.
  return new StringDecoder('utf8').write(Buffer.from(text).subarray(0, LINE_BYTES));
}
