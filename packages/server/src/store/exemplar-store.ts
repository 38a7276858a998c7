/** Exemplars out of the engine. */
import type { Exemplar } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { condition, milliseconds } from './engine-samples.ts';
import { RowBinaryReader } from './row-binary.ts';
import type { Series, SeriesIndex } from './series-index.ts';
import type { ExemplarStore, SeriesExemplars } from './store.ts';

/** Rows of one answer, which is held in memory: some 50 MB. */
const MOST_EXEMPLARS = 100_000;

/** @param settle brings what was acknowledged into the engine, or as much of it as a question may wait for */
export function createExemplarStore(engine: Engine, index: SeriesIndex, settle: () => Promise<void>): ExemplarStore {
  return {
    async exemplars(selectors, { start, end }, signal) {
      const matched = index.matchAny(selectors);
      if (matched.length === 0 || end < start) return [];
      await settle();
      const bytes = await engine.queryBytes(
        `SELECT id, toUnixTimestamp64Milli(time) AS at, value, labels FROM nightshift.exemplars FINAL
         WHERE ${condition(matched)} ORDER BY id, time, value, labels
         LIMIT ${MOST_EXEMPLARS + 1} SETTINGS max_query_size = 16777216 FORMAT RowBinary`,
        { start: milliseconds(start), end: milliseconds(Math.floor(end)) },
        signal,
      );
      return bySeries(bytes, matched);
    },
  };
}

/** Rows of id u64, time i64, value f64 and labels, in order of id and time. */
function bySeries(bytes: Uint8Array, matched: readonly Series[]): SeriesExemplars[] {
  const rows = new RowBinaryReader(bytes);
  const labelsOf = new Map(matched.map(({ id, labels }) => [id, labels]));
  const found = new Map<bigint, Exemplar[]>();
  for (let count = 1; !rows.done; count++) {
    if (count > MOST_EXEMPLARS) {
      const reason = `more than ${MOST_EXEMPLARS} exemplars; ask for less time or fewer series`;
      throw new NightshiftError('QUERY_LIMIT', { reason });
    }
    const id = rows.uint64();
    const timestamp = Number(BigInt.asIntN(64, rows.uint64()));
    const exemplar = { timestamp, value: rows.float64(), labels: rows.map() };
    const list = found.get(id);
    if (list) list.push(exemplar);
    else found.set(id, [exemplar]);
  }
  return [...found].flatMap(([id, exemplars]) => {
    const labels = labelsOf.get(id);
    return labels ? [{ labels, exemplars }] : [];
  });
}
