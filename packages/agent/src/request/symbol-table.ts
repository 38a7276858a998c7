import { ByteWriter } from './byte-writer.ts';
import { LENGTH } from './fields.ts';

/** Tag of `symbols`, field 4 of an io.prometheus.write.v2.Request. */
const SYMBOLS_TAG = (4 << 3) | LENGTH;

/**
 * The symbols of one request of remote write 2.0, each once, the empty one first. They are kept as they are written, and
 * found by their bytes, so that no string is made of them.
 */
export class SymbolTable {
  readonly #bytes = new ByteWriter(4096);
  /** Where each symbol's text begins and ends in the bytes, in pairs. */
  #bounds = new Uint32Array(512);
  /** Number of a symbol plus one at its hash, or behind it; 0 for none. A power of two. */
  #slots = new Uint32Array(512);
  #count = 0;

  constructor() {
    this.refOf(new Uint8Array(0), 0, 0);
  }

  /** The number of the text in `from[start, end)`, which is new or known. */
  refOf(from: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(from, start, end) & mask; ; slot = (slot + 1) & mask) {
      const ref = this.#slots[slot]! - 1;
      if (ref < 0) {
        this.#slots[slot] = this.#count + 1;
        return this.#add(from, start, end);
      }
      if (this.#is(ref, from, start, end)) return ref;
    }
  }

  refOfText(text: string): number {
    const bytes = Buffer.from(text);
    return this.refOf(bytes, 0, bytes.length);
  }

  /** The text of a symbol, in UTF-8. */
  bytesOf(ref: number): Uint8Array {
    return this.#bytes.view().subarray(this.#bounds[2 * ref], this.#bounds[2 * ref + 1]);
  }

  /** The fields `symbols` of the request; a view. */
  view(): Uint8Array {
    return this.#bytes.view();
  }

  #is(ref: number, from: Uint8Array, start: number, end: number): boolean {
    const at = this.#bounds[2 * ref]!;
    if (this.#bounds[2 * ref + 1]! - at !== end - start) return false;
    const own = this.#bytes.all;
    for (let i = start, j = at; i < end; i++, j++) if (from[i] !== own[j]) return false;
    return true;
  }

  #add(from: Uint8Array, start: number, end: number): number {
    const ref = this.#count++;
    this.#bytes.byte(SYMBOLS_TAG);
    this.#bytes.varint(end - start);
    if (2 * ref === this.#bounds.length) this.#bounds = doubled(this.#bounds);
    this.#bounds[2 * ref] = this.#bytes.size;
    this.#bytes.copy(from, start, end);
    this.#bounds[2 * ref + 1] = this.#bytes.size;
    if (this.#count * 2 > this.#slots.length) this.#spread();
    return ref;
  }

  /** Doubles the slots, so that at most half of them are taken. */
  #spread(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let ref = 0; ref < this.#count; ref++) {
      let slot = hashOf(this.#bytes.all, this.#bounds[2 * ref]!, this.#bounds[2 * ref + 1]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = ref + 1;
    }
    this.#slots = slots;
  }
}

function doubled(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2);
  larger.set(values);
  return larger;
}

/** FNV-1a, with its high bits brought down to where the mask is. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
