import { decodeWriteRequest, type MetricMetadata } from '@nightshift/wire';

/** Families beyond this are sent without their metadata. */
const MOST_FAMILIES = 100_000;

const SUFFIX = /_(?:bucket|sum|count|total|created|info|gsum|gcount)$/;

/** What targets have said of their metric families; of one that several have said something of, what was said last. */
export class FamilyMemory {
  readonly #families = new Map<string, MetricMetadata>();

  /** Takes what the metadata of a prometheus.WriteRequest says. */
  learn(request: Uint8Array): void {
    if (request.length === 0) return;
    for (const one of decodeWriteRequest(request).metadata) {
      if (this.#families.size < MOST_FAMILIES || this.#families.has(one.name)) this.#families.set(one.name, one);
    }
  }

  /** Of the family that a series of this name belongs to. */
  find(name: string): MetricMetadata | undefined {
    return this.#families.get(name) ?? this.#families.get(name.replace(SUFFIX, ''));
  }
}
