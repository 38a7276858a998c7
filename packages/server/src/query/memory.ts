import { NightshiftError } from '../errors/catalogue.ts';

const grouped = (value: number): string => value.toLocaleString('en-US');

/** The memory that all running queries share, by the evaluator's estimate. */
export class QueryMemory {
  #held = 0;

  constructor(private readonly limit: number) {}

  /** Changes what is held. Throws QUERY_MEMORY, and changes nothing, where it would be too much for all together. */
  change(bytes: number): void {
    const wanted = this.#held + bytes;
    if (bytes > 0 && wanted > this.limit) {
      throw new NightshiftError('QUERY_MEMORY', { held: grouped(wanted), limit: grouped(this.limit) }, 1);
    }
    this.#held = wanted;
  }
}

/** One query's part of the shared memory. */
export class MemoryPart {
  #held = 0;

  constructor(private readonly memory: QueryMemory) {}

  /** The query holds so many bytes now. Where that is refused the query is over, and what it held is free at once for the others. */
  hold(bytes: number): void {
    try {
      this.memory.change(bytes - this.#held);
      this.#held = bytes;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.memory.change(-this.#held);
    this.#held = 0;
  }
}
