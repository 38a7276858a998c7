/** Derives from an hour one row for each series: all its samples in a pack. */
import type { Engine } from '../../engine/engine.ts';
import { engineSamples } from '../engine-samples.ts';
import { RowBinaryReader, RowBinaryWriter } from '../row-binary.ts';
import type { Derivation } from './derivation.ts';
import { HOUR_MS } from './hours.ts';
import { Packer } from './pack.ts';

/** Samples that are read and packed together: 20 bytes each on their way. */
const SAMPLES_AT_ONCE = 500_000;

const COLUMNS = ['hour', 'id', 'generation', 'count', 'first', 'last', 'data'];

export function packedSamples(engine: Engine): Derivation {
  const packer = new Packer();
  return {
    name: 'packed',
    tables: ['packed_samples'],
    async build(hour, generation, signal) {
      const start = hour * HOUR_MS;
      let piece = 0;
      for (const ids of await idsOf(engine, hour, signal)) {
        const span = { least: ids[0]!, most: ids.at(-1)! };
        const series = ids.map((id) => ({ id }));
        const samples = await engineSamples(engine, series, start, start + HOUR_MS - 1, signal, undefined, span);
        const rows = new RowBinaryWriter();
        for (const [id, { timestamps, values }] of samples) {
          rows.uint32(hour);
          rows.uint64(id);
          rows.uint64(BigInt(generation));
          rows.uint32(timestamps.length);
          rows.uint32(timestamps[0]! - start);
          rows.uint32(timestamps.at(-1)! - start);
          rows.binary(packer.pack(timestamps, values, start));
        }
        signal.throwIfAborted();
        const token = `packed-${hour}-${generation}-${piece++}`;
        if (samples.size > 0) await engine.insert('nightshift.packed_samples', COLUMNS, rows.finish(), token);
      }
    },
  };
}

/** The ids that have a sample in the hour, ascending, in lists of as many as are packed together. */
async function idsOf(engine: Engine, hour: number, signal: AbortSignal): Promise<bigint[][]> {
  // Times are compared with times of milliseconds: `time < toDateTime(…)` passes over parts that begin in the second before.
  const start = `fromUnixTimestamp64Milli(${hour * HOUR_MS}, 'UTC')`;
  const end = `fromUnixTimestamp64Milli(${(hour + 1) * HOUR_MS}, 'UTC')`;
  const bytes = await engine.queryBytes(
    `SELECT id, count() FROM nightshift.samples WHERE toStartOfHour(time) = toDateTime(${hour * 3600}, 'UTC')
     AND time >= ${start} AND time < ${end}
     GROUP BY id ORDER BY id FORMAT RowBinary`,
    {},
    signal,
  );
  const rows = new RowBinaryReader(bytes);
  const lists: bigint[][] = [];
  let room = 0;
  while (!rows.done) {
    const id = rows.uint64();
    const count = Number(rows.uint64());
    if (room < count) {
      lists.push([]);
      room = SAMPLES_AT_ONCE;
    }
    lists.at(-1)!.push(id);
    room -= count;
  }
  return lists;
}
