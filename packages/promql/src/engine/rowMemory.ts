/**
 * The columns of one aggregation in one pass, in the memory of its hot loops in WebAssembly (../../assembly/rows.ts) as long
 * as there is room, else on the heap, where the loops in TypeScript do the same to the same bits.
 */
import { ROW_LOOPS } from './rowLoops.generated.ts';

/** See the source: addresses in bytes, steps `begin <= step < end`. */
interface Loops {
  nextFall(values: number, from: number, to: number): number;
  increases(
    values: number,
    from: number,
    to: number,
    columns: number,
    length: number,
    row: number,
    begin: number,
    end: number,
    isCounter: boolean,
    slidesFrom: number,
    divisor: number,
  ): void;
  add(sums: number, lost: number, row: number, begin: number, end: number): void;
}

const PAGE = 65_536;
/** 4 MiB, which cost nothing until they are used: sums of a thousand groups at 240 steps. */
const PAGES = 64;
/** Samples of a series. */
const VALUES = 16_384;
/** Address 0 is nobody's; the samples of a series come first, then what a task takes. */
const VALUES_AT = 16;
const FREE_AT = VALUES_AT + 8 * VALUES;
/** Memories without a task that are kept. */
const MOST_IDLE = 2;

let compiled: WebAssembly.Module | undefined;
const idle: RowMemory[] = [];

export class RowMemory {
  readonly loops: Loops;
  private readonly buffer: ArrayBuffer;
  private readonly values: Float64Array;
  private used = FREE_AT;
  /** The values of the series that is held. */
  held: Float64Array;

  private constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(ROW_LOOPS, 'base64'));
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    this.loops = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Loops;
    this.buffer = memory.buffer;
    this.values = new Float64Array(this.buffer, VALUES_AT, VALUES);
    this.held = this.values;
  }

  /** One that belongs to the caller until it is given back. */
  static take(): RowMemory {
    return idle.pop() ?? new RowMemory();
  }

  /** What it gave has no meaning any more. */
  giveBack(): void {
    this.used = FREE_AT;
    if (idle.length < MOST_IDLE) idle.push(this);
  }

  /** Zeros. */
  doubles(length: number): Float64Array {
    const at = this.allocate(8 * length);
    return at < 0 ? new Float64Array(length) : new Float64Array(this.buffer, at, length).fill(0);
  }

  integers(length: number): Int32Array {
    const at = this.allocate(4 * length);
    return at < 0 ? new Int32Array(length) : new Int32Array(this.buffer, at, length).fill(0);
  }

  private allocate(bytes: number): number {
    const at = this.used;
    if (bytes > PAGES * PAGE - at) return -1;
    this.used = at + ((bytes + 15) & ~15);
    return at;
  }

  /** Copies the values to where `held` has them until the next ones come; -1, and nothing is copied, where they are too many. */
  hold(values: Float64Array): number {
    const { length } = values;
    if (length > VALUES) return -1;
    if (this.held.length !== length) this.held = this.values.subarray(0, length);
    this.held.set(values);
    return VALUES_AT;
  }

  /** Values that outlive the task. */
  kept(values: Float64Array): Float64Array {
    return this.addressOf(values) < 0 ? values : values.slice();
  }

  /** In bytes, for the loops; -1 of what is elsewhere. Not for each series: a look at the buffer of an array takes long. */
  addressOf({ buffer, byteOffset }: Float64Array | Int32Array): number {
    return buffer === this.buffer ? byteOffset : -1;
  }
}
