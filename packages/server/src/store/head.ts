/**
 * The newest samples of every series, in typed arrays outside the JavaScript heap. It holds every sample it was given
 * at or after `coveredFrom` and none that matter before: a query is cut there, the engine answers the rest.
 */
import { concatColumns, lowerBound, noSamples, type SampleColumns, wordsOf } from './sample-columns.ts';

const SAMPLE_BYTES = 16;
/** Samples in the first, second and every further chunk of a series: a short series stays small, a long one has few chunks. */
const CHUNK_SIZES = [16, 64, 256];

interface Chunk {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly words: Uint32Array;
  count: number;
}

function newChunk(capacity: number): Chunk {
  const memory = new ArrayBuffer(capacity * SAMPLE_BYTES);
  const values = new Float64Array(memory, capacity * 8, capacity);
  return { times: new Float64Array(memory, 0, capacity), values, words: wordsOf(values), count: 0 };
}

const lastTime = (chunk: Chunk): number => chunk.times[chunk.count - 1]!;

export class Head {
  /** Unix milliseconds. -Infinity: the head has everything there is. */
  coveredFrom: number;
  samples = 0;
  bytes = 0;
  /** By the series' number in the index; absent where it has nothing here. */
  private readonly series = new Map<number, Chunk[]>();

  constructor(
    private readonly capBytes: number,
    coveredFrom: number,
  ) {
    this.coveredFrom = coveredFrom;
  }

  /** Takes one sample; a second one at the same time replaces the first. Samples before `coveredFrom` are left to the engine. */
  insert(series: number, time: number, low: number, high: number): void {
    if (time < this.coveredFrom) return;
    let chunks = this.series.get(series);
    if (!chunks) {
      chunks = [];
      this.series.set(series, chunks);
    }
    const last = chunks.at(-1);
    const at =
      last && time <= lastTime(last) ? chunks.findIndex((chunk) => time <= lastTime(chunk)) : chunks.length - 1;
    this.insertInto(chunks, at, time, low, high);
    if (this.bytes > this.capBytes) this.shrink();
  }

  private insertInto(chunks: Chunk[], at: number, time: number, low: number, high: number): void {
    const chunk = chunks[at];
    const index = chunk ? lowerBound(chunk.times, chunk.count, time) : 0;
    if (chunk && index < chunk.count && chunk.times[index] === time) {
      chunk.words[index * 2] = low;
      chunk.words[index * 2 + 1] = high;
      return;
    }
    if (!chunk || (chunk.count === chunk.times.length && index === chunk.count)) {
      const fresh = this.allocate(CHUNK_SIZES[Math.min(chunks.length, CHUNK_SIZES.length - 1)]!);
      chunks.splice(at + 1, 0, fresh);
      this.place(fresh, 0, time, low, high);
    } else if (chunk.count < chunk.times.length) {
      this.place(chunk, index, time, low, high);
    } else {
      this.split(chunks, at);
      const half = chunks[at]!.count;
      this.insertInto(chunks, index <= half ? at : at + 1, time, low, high);
    }
  }

  private allocate(capacity: number): Chunk {
    this.bytes += capacity * SAMPLE_BYTES;
    return newChunk(capacity);
  }

  private place(chunk: Chunk, index: number, time: number, low: number, high: number): void {
    if (index < chunk.count) {
      chunk.times.copyWithin(index + 1, index, chunk.count);
      chunk.values.copyWithin(index + 1, index, chunk.count);
    }
    chunk.times[index] = time;
    chunk.words[index * 2] = low;
    chunk.words[index * 2 + 1] = high;
    chunk.count++;
    this.samples++;
  }

  /** A full chunk gives its upper half to a new one behind it. */
  private split(chunks: Chunk[], at: number): void {
    const chunk = chunks[at]!;
    const half = chunk.count >>> 1;
    const upper = this.allocate(chunk.times.length);
    upper.times.set(chunk.times.subarray(half, chunk.count));
    upper.values.set(chunk.values.subarray(half, chunk.count));
    upper.count = chunk.count - half;
    chunk.count = half;
    chunks.splice(at + 1, 0, upper);
  }

  /** Copies of the samples with start <= time <= end, ascending. */
  read(series: number, start: number, end: number): SampleColumns {
    const parts: SampleColumns[] = [];
    for (const chunk of this.series.get(series) ?? []) {
      if (lastTime(chunk) < start) continue;
      if (chunk.times[0]! > end) break;
      const from = lowerBound(chunk.times, chunk.count, start);
      let to = lowerBound(chunk.times, chunk.count, end);
      if (to < chunk.count && chunk.times[to] === end) to++;
      if (from < to) parts.push({ timestamps: chunk.times.slice(from, to), values: chunk.values.slice(from, to) });
    }
    return parts.length === 0 ? noSamples : concatColumns(parts);
  }

  has(series: number, start: number, end: number): boolean {
    for (const chunk of this.series.get(series) ?? []) {
      const index = lowerBound(chunk.times, chunk.count, start);
      if (index < chunk.count) return chunk.times[index]! <= end;
    }
    return false;
  }

  /** Chunks, and the Unix milliseconds of the oldest and newest sample; null while there is none. */
  extent(): { chunks: number; minTime: number | null; maxTime: number | null } {
    let chunks = 0;
    let minTime: number | null = null;
    let maxTime: number | null = null;
    for (const list of this.series.values()) {
      const [first] = list;
      const last = list.at(-1);
      chunks += list.length;
      if (!first || !last) continue;
      minTime = Math.min(minTime ?? Number.POSITIVE_INFINITY, first.times[0]!);
      maxTime = Math.max(maxTime ?? Number.NEGATIVE_INFINITY, lastTime(last));
    }
    return { chunks, minTime, maxTime };
  }

  /** Deletes the samples with start <= time <= end. */
  delete(series: number, start: number, end: number): void {
    const chunks = this.series.get(series);
    if (!chunks) return;
    for (const chunk of chunks) {
      const from = lowerBound(chunk.times, chunk.count, start);
      let to = lowerBound(chunk.times, chunk.count, end);
      if (to < chunk.count && chunk.times[to] === end) to++;
      if (from >= to) continue;
      chunk.times.copyWithin(from, to, chunk.count);
      chunk.values.copyWithin(from, to, chunk.count);
      chunk.count -= to - from;
      this.samples -= to - from;
      if (chunk.count === 0) this.bytes -= chunk.times.length * SAMPLE_BYTES;
    }
    const kept = chunks.filter(({ count }) => count > 0);
    if (kept.length === 0) this.series.delete(series);
    else this.series.set(series, kept);
  }

  /** Forgets what lies before `time`, chunk by chunk. */
  evictBefore(time: number): void {
    if (time <= this.coveredFrom) return;
    this.coveredFrom = time;
    for (const [series, chunks] of this.series) {
      let drop = 0;
      while (drop < chunks.length && lastTime(chunks[drop]!) < time) {
        this.bytes -= chunks[drop]!.times.length * SAMPLE_BYTES;
        this.samples -= chunks[drop]!.count;
        drop++;
      }
      if (drop === chunks.length) this.series.delete(series);
      else if (drop > 0) chunks.splice(0, drop);
    }
  }

  /** Frees an eighth at a time, the oldest first, so that the walk over all chunks is rare. */
  private shrink(): void {
    const chunks = [...this.series.values()]
      .flat()
      .map((chunk) => ({ last: lastTime(chunk), size: chunk.times.length }));
    chunks.sort((a, b) => a.last - b.last);
    const excess = this.bytes - this.capBytes * 0.875;
    let freed = 0;
    let cut = this.coveredFrom;
    for (const { last, size } of chunks) {
      if (freed >= excess) break;
      freed += size * SAMPLE_BYTES;
      cut = last + 1;
    }
    this.evictBefore(cut);
  }
}
