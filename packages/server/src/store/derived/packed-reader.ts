/** Reads packs of series and hours, from memory where they were read before. */
import type { SelectBudget } from '@nightshift/promql';
import type { Engine } from '../../engine/engine.ts';
import type { IdSpan } from '../engine-samples.ts';
import { RowBinaryReader } from '../row-binary.ts';
import type { Series } from '../series-index.ts';
import type { Pack } from './pack.ts';
import { noPack, PackCache } from './pack-cache.ts';
import type { PackedHour } from './range-pieces.ts';

/** Beyond this many ids it is cheaper to read all series and leave out some. */
const MOST_IDS = 50_000;
const SETTINGS = 'SETTINGS max_query_size = 16777216';

/** Of the series by its place, and of the hour by its place. */
export type Packs = (series: number, hour: number) => Pack;

/** Between which ids the series are, if they are a fair part of what lies there; found only where the engine is asked. */
export type SpanOf = () => IdSpan | undefined;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly budget?: SelectBudget | undefined;
  readonly span?: SpanOf | undefined;
}

export class PackedReader {
  private readonly cache: PackCache;

  constructor(
    private readonly engine: Engine,
    capBytes: number,
  ) {
    this.cache = new PackCache(capBytes);
  }

  get bytes(): number {
    return this.cache.bytes;
  }

  async read(series: readonly Series[], hours: readonly PackedHour[], options: ReadOptions): Promise<Packs> {
    const width = hours.length;
    const packs: (Pack | undefined)[] = new Array(series.length * width);
    const missingHours = new Set<number>();
    const missingSeries = new Map<bigint, number>();
    for (let place = 0; place < series.length; place++) {
      const { number, id } = series[place]!;
      for (let at = 0; at < width; at++) {
        const { hour, generation } = hours[at]!;
        const pack = this.cache.find(hour, generation, number);
        packs[place * width + at] = pack;
        if (pack) continue;
        missingHours.add(at);
        missingSeries.set(id, place);
      }
    }
    if (missingHours.size > 0) {
      const wanted = [...missingHours].sort((a, b) => a - b).map((at) => ({ at, ...hours[at]! }));
      const bytes = await this.ask('hour, id, generation, data', wanted, [...missingSeries.keys()], '', options);
      const placeOfHour = new Map(wanted.map((one) => [one.hour, one]));
      const rows = new RowBinaryReader(bytes);
      while (!rows.done) {
        const hour = placeOfHour.get(rows.uint32());
        const place = missingSeries.get(rows.uint64());
        const generation = Number(rows.uint64());
        const data = rows.binary();
        if (!hour || place === undefined || hour.generation !== generation) continue;
        packs[place * width + hour.at] = { bytes: data, from: 0, to: data.length };
        this.cache.keep(hour.hour, generation, series[place]!.number, data);
      }
      for (const place of missingSeries.values()) {
        for (const { at, hour, generation } of wanted) {
          if (packs[place * width + at]) continue;
          packs[place * width + at] = noPack;
          this.cache.keep(hour, generation, series[place]!.number, noPack.bytes);
        }
      }
    }
    return (place, at) => packs[place * width + at] ?? noPack;
  }

  /** Ids that have a sample in one of the hours, in the first of them at `from` milliseconds of the hour or later, in the last up to `to`. */
  async idsWithin(
    ids: readonly bigint[],
    hours: readonly PackedHour[],
    { from, to }: { readonly from: number; readonly to: number },
    options: ReadOptions,
  ): Promise<Set<bigint>> {
    const ends = ` AND (hour > ${hours[0]!.hour} OR last >= ${from}) AND (hour < ${hours.at(-1)!.hour} OR first <= ${to})`;
    const generations = hours.map(({ hour, generation }) => `(${hour},${generation})`).join(',');
    const where = ` AND (hour, generation) IN (${generations})${ends}`;
    const rows = new RowBinaryReader(await this.ask('DISTINCT id', hours, ids, where, options));
    const found = new Set<bigint>();
    while (!rows.done) found.add(rows.uint64());
    return found;
  }

  /** Hours, ids and generations are numbers of our own making, so that they can stand in the text. */
  private ask(
    columns: string,
    hours: readonly PackedHour[],
    ids: readonly bigint[],
    where: string,
    { signal, budget, span }: ReadOptions,
  ): Promise<Uint8Array> {
    const first = hours[0]!.hour;
    const last = hours.at(-1)!.hour;
    const isRun = last - first === hours.length - 1;
    const ofHours = isRun
      ? `hour >= ${first} AND hour <= ${last}`
      : `hour IN (${hours.map(({ hour }) => hour).join(',')})`;
    const between = span?.();
    const ofSpan = between && ` AND id >= ${between.least} AND id <= ${between.most}`;
    const ofIds = ids.length > MOST_IDS ? '' : (ofSpan ?? ` AND id IN (${ids.join(',')})`);
    return this.engine.queryBytes(
      `SELECT ${columns} FROM nightshift.packed_samples WHERE ${ofHours}${ofIds}${where} ${SETTINGS} FORMAT RowBinary`,
      {},
      signal,
      (received) => budget?.samples(0, received),
    );
  }
}
