/** Samples of the past: from packed hours where there are some, from the rows of single samples where there are not. */
import type { SelectBudget } from '@nightshift/promql';
import type { Engine } from '../../engine/engine.ts';
import { engineSamples, engineSeriesInRange, type IdSpan } from '../engine-samples.ts';
import { ReadBuffer } from '../read-buffer.ts';
import { concatColumns, type SampleColumns } from '../sample-columns.ts';
import type { Series } from '../series-index.ts';
import type { DerivedHours } from './derived-hours.ts';
import { HOUR_MS } from './hours.ts';
import { countOf, unpack } from './pack.ts';
import { PackedReader, type Packs, type ReadOptions } from './packed-reader.ts';
import { type PackedHour, type Piece, piecesOf } from './range-pieces.ts';

/** Samples that are read into one piece of memory. */
const BUFFER_SAMPLES = 65_536;
/** Of packs that are kept in memory. */
const CACHE_BYTES = 24 * 1024 * 1024;
/** Packs that are looked into to see which series have samples; beyond it the engine is asked for their ids. */
const MOST_LOOKED_INTO = 20_000;
/** After so many times that hours changed while they were read. */
const MOST_ATTEMPTS = 3;

export class History {
  private readonly packed: PackedReader;

  constructor(
    private readonly engine: Engine,
    private readonly hours: DerivedHours,
    cacheBytes = CACHE_BYTES,
  ) {
    this.packed = new PackedReader(engine, cacheBytes);
  }

  /** Of packs in memory. */
  get bytes(): number {
    return this.packed.bytes;
  }

  /** As `engineSamples`. */
  samples(
    series: readonly Series[],
    start: number,
    end: number,
    signal?: AbortSignal,
    budget?: SelectBudget,
    span?: IdSpan,
  ): Promise<Map<bigint, SampleColumns>> {
    if (series.length === 0 || end < start) return Promise.resolve(new Map());
    return this.unchanged(start, end, async (pieces) => {
      const parts: Map<bigint, SampleColumns>[] = [];
      for (const piece of pieces) {
        if (piece.packed) {
          const packs = await this.packed.read(series, piece.packed, { signal, budget, span });
          parts.push(unpacked(series, piece.packed, packs, start, end, budget));
        } else parts.push(await engineSamples(this.engine, series, piece.start, piece.end, signal, budget, span));
      }
      return parts.length === 1 ? parts[0]! : joined(series, parts);
    });
  }

  /** As `engineSeriesInRange`. */
  seriesInRange(
    series: readonly Series[],
    start: number,
    end: number,
    signal?: AbortSignal,
    span?: IdSpan,
  ): Promise<Set<bigint>> {
    if (series.length === 0 || end < start) return Promise.resolve(new Set());
    return this.unchanged(start, end, async (pieces) => {
      const found = new Set<bigint>();
      for (const piece of pieces) {
        const left = found.size === 0 ? series : series.filter(({ id }) => !found.has(id));
        if (left.length === 0) break;
        const ids = piece.packed
          ? await this.packedInRange(left, piece.packed, start, end, { signal, span })
          : await engineSeriesInRange(this.engine, left, piece.start, piece.end, signal, span);
        for (const id of ids) found.add(id);
      }
      return found;
    });
  }

  private async packedInRange(
    series: readonly Series[],
    hours: readonly PackedHour[],
    start: number,
    end: number,
    options: ReadOptions,
  ): Promise<Iterable<bigint>> {
    const firstStart = hours[0]!.hour * HOUR_MS;
    const lastStart = hours.at(-1)!.hour * HOUR_MS;
    // A series with samples before and behind a range within one hour may have none in it.
    const isWithinHour = firstStart === lastStart && start > firstStart && end < firstStart + HOUR_MS - 1;
    if (isWithinHour || series.length * hours.length <= MOST_LOOKED_INTO) {
      const packs = await this.packed.read(series, hours, options);
      return unpacked(series, hours, packs, start, end).keys();
    }
    const ids = series.map(({ id }) => id);
    return this.packed.idsWithin(
      ids,
      hours,
      { from: Math.ceil(start - firstStart), to: Math.floor(end - lastStart) },
      options,
    );
  }

  /** Asks again if hours that were to be read as packs changed while they were. */
  private async unchanged<T>(start: number, end: number, read: (pieces: Piece[]) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const pieces = piecesOf(start, end, this.hours);
      const answer = await read(pieces);
      const packed = pieces.flatMap((piece) => piece.packed ?? []);
      if (packed.every(({ hour, generation }) => this.hours.current(hour) === generation)) return answer;
    }
    return read([{ start, end }]);
  }
}

/** Samples with start <= t <= end by id; series without one are left out. */
function unpacked(
  series: readonly Series[],
  hours: readonly PackedHour[],
  packs: Packs,
  start: number,
  end: number,
  budget?: SelectBudget,
): Map<bigint, SampleColumns> {
  const buffer = new ReadBuffer(BUFFER_SAMPLES);
  const found = new Map<bigint, SampleColumns>();
  let uncounted = 0;
  for (let place = 0; place < series.length; place++) {
    let most = 0;
    for (let at = 0; at < hours.length; at++) {
      const { bytes, from, to } = packs(place, at);
      most += countOf(bytes, from, to);
    }
    if (most === 0) continue;
    uncounted += most;
    if (uncounted >= BUFFER_SAMPLES) {
      budget?.samples(uncounted);
      uncounted = 0;
    }
    buffer.makeRoom(most);
    const { columns, usedTimes, usedValues } = buffer;
    let count = 0;
    for (let at = 0; at < hours.length; at++) {
      const { bytes, from, to } = packs(place, at);
      const hourStart = hours[at]!.hour * HOUR_MS;
      count += unpack(bytes, from, to, hourStart, columns, usedTimes + count, usedValues + count);
    }
    let skipped = 0;
    while (skipped < count && columns.times[usedTimes + skipped]! < start) skipped++;
    while (count > skipped && columns.times[usedTimes + count - 1]! > end) count--;
    if (count > skipped) found.set(series[place]!.id, buffer.take(skipped, count - skipped));
  }
  if (uncounted > 0) budget?.samples(uncounted);
  return found;
}

/** The parts are in order of time. */
function joined(series: readonly Series[], parts: readonly Map<bigint, SampleColumns>[]): Map<bigint, SampleColumns> {
  const found = new Map<bigint, SampleColumns>();
  for (const { id } of series) {
    const own = parts.map((part) => part.get(id)).filter((columns) => columns !== undefined);
    if (own.length > 0) found.set(id, concatColumns(own));
  }
  return found;
}
