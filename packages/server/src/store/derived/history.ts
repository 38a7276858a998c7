/** Samples of the past: from packed hours where there are some, from the rows of single samples where there are not. */
import type { SelectBudget } from '@nightshift/promql';
import type { Engine } from '../../engine/engine.ts';
import { engineSamples, engineSeriesInRange } from '../engine-samples.ts';
import { concatColumns, type SampleColumns } from '../sample-columns.ts';
import type { Series } from '../series-index.ts';
import type { DerivedHours } from './derived-hours.ts';
import { HOUR_MS } from './hours.ts';
import { extentOf } from './pack.ts';
import { PackedReader, type Packs, type ReadOptions, type SpanOf } from './packed-reader.ts';
import { type PackedHour, type Piece, piecesOf } from './range-pieces.ts';
import { type ReadSeries, UnpackedSeries } from './unpacked-series.ts';

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

  /** The samples with start <= t <= end of the series, by their place. */
  open(
    series: readonly Series[],
    start: number,
    end: number,
    signal?: AbortSignal,
    budget?: SelectBudget,
    span?: SpanOf,
  ): Promise<ReadSeries> {
    if (series.length === 0 || end < start) return Promise.resolve(() => undefined);
    return this.unchanged(start, end, async (pieces) => {
      const parts: ReadSeries[] = [];
      for (const piece of pieces) {
        if (piece.packed) {
          const packs = await this.packed.read(series, piece.packed, { signal, budget, span });
          const unpacked = new UnpackedSeries(piece.packed, packs, start, end);
          if (budget) unpacked.count(series.length, budget);
          parts.push(unpacked.read);
        } else {
          const found = await engineSamples(this.engine, series, piece.start, piece.end, signal, budget, span?.());
          parts.push((place) => found.get(series[place]!.id));
        }
      }
      return parts.length === 1 ? parts[0]! : (place) => joined(parts, place);
    });
  }

  /** The same, all at once, by id. */
  async samples(...asked: Parameters<History['open']>): Promise<Map<bigint, SampleColumns>> {
    const read = await this.open(...asked);
    const found = new Map<bigint, SampleColumns>();
    for (const [place, { id }] of asked[0].entries()) {
      const columns = read(place);
      if (columns) found.set(id, { timestamps: columns.timestamps, values: columns.values.slice() });
    }
    return found;
  }

  /** As `engineSeriesInRange`. */
  seriesInRange(
    series: readonly Series[],
    start: number,
    end: number,
    signal?: AbortSignal,
    span?: SpanOf,
  ): Promise<Set<bigint>> {
    if (series.length === 0 || end < start) return Promise.resolve(new Set());
    return this.unchanged(start, end, async (pieces) => {
      const found = new Set<bigint>();
      for (const piece of pieces) {
        const left = found.size === 0 ? series : series.filter(({ id }) => !found.has(id));
        if (left.length === 0) break;
        const ids = piece.packed
          ? await this.packedInRange(left, piece.packed, start, end, { signal, span })
          : await engineSeriesInRange(this.engine, left, piece.start, piece.end, signal, span?.());
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
      return idsWithin(series, hours, packs, start, end);
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

/** The ids of series that have a sample with start <= t <= end. */
function* idsWithin(
  series: readonly Series[],
  hours: readonly PackedHour[],
  packs: Packs,
  start: number,
  end: number,
): Generator<bigint> {
  const doubtful = new UnpackedSeries(hours, packs, start, end);
  for (let place = 0; place < series.length; place++) {
    let isWithin = false;
    let mayBeWithin = false;
    for (let at = 0; at < hours.length && !isWithin; at++) {
      const pack = packs(place, at);
      if (pack.from === pack.to) continue;
      const { first, last } = extentOf(pack);
      const hourStart = hours[at]!.hour * HOUR_MS;
      isWithin = [first, last].some((time) => hourStart + time >= start && hourStart + time <= end);
      mayBeWithin ||= hourStart + first < start && hourStart + last > end;
    }
    if (isWithin || (mayBeWithin && doubtful.read(place))) yield series[place]!.id;
  }
}

/** The parts are in order of time. */
function joined(parts: readonly ReadSeries[], place: number): SampleColumns | undefined {
  const own = parts.map((part) => part(place)).filter((columns) => columns !== undefined);
  return own.length === 0 ? undefined : concatColumns(own);
}
