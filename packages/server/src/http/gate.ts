import { NightshiftError } from '../errors/catalogue.ts';

/** Lets a number of requests run at once and as many again four times over wait; further ones are shed. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly concurrent: number,
    private readonly what: string,
  ) {}

  /** Resolves with what gives the place back (which may be called twice). Throws OVERLOADED, or the reason of the signal. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.running >= this.concurrent) await this.queue(signal);
    else this.running++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    };
  }

  /** Resolves when a place was handed over. */
  private queue(signal: AbortSignal): Promise<void> {
    if (this.waiting.length >= this.concurrent * 4) {
      throw new NightshiftError('OVERLOADED', { what: `${this.concurrent} ${this.what} at once` }, 1);
    }
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(proceed), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(proceed);
    });
  }
}
