/**
 * The hot loops of remote write in WebAssembly (../../assembly/write.ts), and their memory, whose pages cost nothing until
 * they are used: first what is read, then the columns that are written, then the series that are known.
 */
import { WRITE_MODULE } from './write-module.generated.ts';

interface Exports {
  /** See the source. A boolean is 0 or 1. */
  inflate(at: number, end: number, out: number, length: number): number;
  setUp(index: number, times: number, values: number, numbers: number, most: number): void;
  begin(): void;
  empty(seriesBefore: number): void;
  samplesTaken(): number;
  seriesTaken(): number;
  lastTaken(): number;
  read(at: number, end: number): number;
  take(known: number, from: number, end: number): number;
}

const PAGE = 65_536;
/** Loads and stores of whole words run over the ends. */
const SLACK = 64;
/** Of a body as it came, and of what it unfolds to; larger ones are read without this module. */
export const MOST_PACKED = 4 * 1024 * 1024;
export const MOST_PLAIN = 16 * 1024 * 1024;
/** Samples, and series, that the columns hold. */
const ROOM = 65_536;

const PACKED_AT = PAGE;
const PLAIN_AT = PACKED_AT + MOST_PACKED + SLACK;
const INDEX_AT = PLAIN_AT + MOST_PLAIN + SLACK;
const TIMES_AT = INDEX_AT + 4 * ROOM;
const VALUES_AT = TIMES_AT + 8 * ROOM;
const NUMBERS_AT = VALUES_AT + 8 * ROOM;
const SERIES_AT = NUMBERS_AT + 4 * ROOM;

let compiled: WebAssembly.Module | undefined;

/** What was read since the columns were empty: views, valid until it goes on. */
export interface TakenColumns {
  readonly index: Uint32Array;
  readonly times: Float64Array;
  /** The bits of the values, two words each. */
  readonly words: Uint32Array;
  /** The number of each series. */
  readonly numbers: Uint32Array;
}

export class WriteModule {
  readonly loops: Exports;
  /** All of the memory; other ones whenever it has grown. */
  bytes: Uint8Array;
  view: DataView;
  private readonly memory: WebAssembly.Memory;
  private used = SERIES_AT;

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(WRITE_MODULE, 'base64'));
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(SERIES_AT / PAGE) + 1 });
    this.loops = new WebAssembly.Instance(compiled, { env: { memory: this.memory } }).exports as unknown as Exports;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.loops.setUp(INDEX_AT, TIMES_AT, VALUES_AT, NUMBERS_AT, ROOM);
  }

  /** Inflates a block behind its preamble of so many bytes; undefined for one that is damaged, or too large for here. */
  inflate(body: Uint8Array, preamble: number, length: number): Uint8Array | undefined {
    if (body.length > MOST_PACKED || length > MOST_PLAIN) return undefined;
    this.bytes.set(body, PACKED_AT);
    const isGood = this.loops.inflate(PACKED_AT + preamble, PACKED_AT + body.length, PLAIN_AT, length) !== 0;
    return isGood ? this.bytes.subarray(PLAIN_AT, PLAIN_AT + length) : undefined;
  }

  /** The address of a body, which is copied here unless it is here already; undefined for one that is too large. */
  addressOf(body: Uint8Array): number | undefined {
    if (body.buffer === this.memory.buffer) return body.byteOffset;
    if (body.length > MOST_PLAIN) return undefined;
    this.bytes.set(body, PLAIN_AT);
    return PLAIN_AT;
  }

  taken(): TakenColumns {
    const { buffer } = this.memory;
    const samples = this.loops.samplesTaken();
    return {
      index: new Uint32Array(buffer, INDEX_AT, samples),
      times: new Float64Array(buffer, TIMES_AT, samples),
      words: new Uint32Array(buffer, VALUES_AT, 2 * samples),
      numbers: new Uint32Array(buffer, NUMBERS_AT, this.loops.seriesTaken()),
    };
  }

  /** The address of that many bytes behind all others, at a multiple of 16. Whoever has a view takes it anew. */
  allocate(bytes: number): number {
    const address = this.used;
    this.used += (bytes + 15) & ~15;
    const missing = this.used + SLACK - this.bytes.length;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / PAGE) + (this.bytes.length >>> 20));
      this.bytes = new Uint8Array(this.memory.buffer);
      this.view = new DataView(this.memory.buffer);
    }
    return address;
  }

  /** Gives back all that was allocated. */
  freeAll(): void {
    this.used = SERIES_AT;
  }
}
