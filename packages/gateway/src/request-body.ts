import type { ClientRequest, IncomingMessage } from 'node:http';
import { hasBody } from './headers.ts';

/**
 * A request's body on its way to a version: streamed with back-pressure, and kept up to a limit so that it can be sent
 * again. It has at most one receiver at a time; a new one first gets what was kept, then the rest as it arrives.
 */
export class RequestBody {
  readonly #req: IncomingMessage;
  readonly #limit: number;
  #kept: Buffer[] = [];
  #bytes = 0;
  #overflowed = false;
  #ended: boolean;
  #receiver: ClientRequest | null = null;
  readonly #onProgress: () => void;

  /** @param onProgress called for every chunk, so that a long upload is not taken for a version that does not answer. */
  constructor(req: IncomingMessage, limit: number, onProgress: () => void) {
    this.#req = req;
    this.#limit = limit;
    this.#onProgress = onProgress;
    this.#ended = !hasBody(req);
    if (this.#ended) {
      req.resume();
      return;
    }
    req.on('data', (chunk: Buffer) => this.#take(chunk));
    req.on('end', () => this.#finish());
  }

  /** Everything that was sent so far is still here. */
  get replayable(): boolean {
    return !this.#overflowed;
  }

  get complete(): boolean {
    return this.#ended;
  }

  /** What was kept; whole if `complete` and `replayable`. */
  get kept(): Buffer {
    return Buffer.concat(this.#kept);
  }

  sendTo(receiver: ClientRequest): void {
    this.#receiver = receiver;
    for (const chunk of this.#kept) receiver.write(chunk);
    receiver.on('drain', () => {
      if (this.#receiver === receiver) this.#req.resume();
    });
    if (this.#ended) this.#endReceiver(receiver);
    else this.#req.resume();
  }

  /** The receiver is gone or has had enough; the rest is read and kept for another one, or thrown away. */
  detach(): void {
    this.#receiver = null;
    this.#req.resume();
  }

  #take(chunk: Buffer): void {
    this.#onProgress();
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#limit) this.#kept.push(chunk);
    else if (!this.#overflowed) {
      this.#overflowed = true;
      this.#kept = [];
    }
    if (this.#receiver?.write(chunk) === false) this.#req.pause();
  }

  #finish(): void {
    this.#ended = true;
    if (this.#receiver) this.#endReceiver(this.#receiver);
  }

  #endReceiver(receiver: ClientRequest): void {
    const { rawTrailers } = this.#req;
    if (rawTrailers.length > 0) {
      for (let i = 0; i + 1 < rawTrailers.length; i += 2)
        receiver.addTrailers([[rawTrailers[i]!, rawTrailers[i + 1]!]]);
    }
    receiver.end();
  }
}
