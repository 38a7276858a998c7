import { setImmediate } from 'node:timers/promises';
import { type QueryResult, toApiData } from '@nightshift/promql';

/** Samples that are written before other requests get their turn: some tens of milliseconds. */
const samplesATurn = 100_000;

/** Writes a list piece by piece; `sizeOf` says how many samples an element has. */
async function listJson<T>(
  all: readonly T[],
  sizeOf: (element: T) => number,
  shown: (part: readonly T[]) => unknown,
): Promise<string> {
  const pieces: string[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < all.length; i++) {
    size += sizeOf(all[i] as T);
    if (size < samplesATurn && i + 1 < all.length) continue;
    pieces.push(JSON.stringify(shown(all.slice(from, i + 1))).slice(1, -1));
    from = i + 1;
    size = 0;
    if (from < all.length) await setImmediate();
  }
  return `[${pieces.join(',')}]`;
}

function dataJson(result: QueryResult): Promise<string> | string {
  switch (result.resultType) {
    case 'matrix': {
      const shown = (series: typeof result.series) => toApiData({ ...result, series }).result;
      return listJson(result.series, ({ timestamps }) => timestamps.length, shown);
    }
    case 'vector': {
      const shown = (samples: typeof result.samples) => toApiData({ ...result, samples }).result;
      return listJson(result.samples, () => 1, shown);
    }
    default:
      return JSON.stringify(toApiData(result).result);
  }
}

/** The `data` of a query's answer as JSON text. */
export async function resultJson(result: QueryResult, stats: unknown): Promise<string> {
  const after = stats === undefined ? '' : `,"stats":${JSON.stringify(stats)}`;
  return `{"resultType":"${result.resultType}","result":${await dataJson(result)}${after}}`;
}
