import { NightshiftError } from '../errors/catalogue.ts';

/** Bytes of request bodies that are in memory at the same time, over all requests; beyond it requests are shed. */
export class BodyBudget {
  #held = 0;

  constructor(private readonly maxBytes: number) {}

  get held(): number {
    return this.#held;
  }

  /** A request's share; `end` gives all of it back and may be called twice. */
  lease(): BodyLease {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.maxBytes) {
          throw new NightshiftError('OVERLOADED', { what: `${this.maxBytes} bytes of bodies at once` }, 1);
        }
        this.#held += bytes;
        taken += bytes;
      },
      end: () => {
        this.#held -= taken;
        taken = 0;
      },
    };
  }
}

export interface BodyLease {
  /** Throws OVERLOADED, with nothing taken, where the budget does not have that many bytes left. */
  take(bytes: number): void;
  end(): void;
}

/** For readers that are bounded by other means, such as one scrape for each target. */
export const unbudgeted: BodyLease = { take() {}, end() {} };
