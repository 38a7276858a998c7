import { setImmediate } from 'node:timers/promises';
import { type QueryResult, toApiData } from '@nightshift/promql';

/** Series that are written before other requests get their turn: some ten milliseconds' worth where each is long. */
const samplesATurn = 100_000;

async function matrixJson(result: Extract<QueryResult, { resultType: 'matrix' }>): Promise<string> {
  const pieces: string[] = [];
  let since = 0;
  for (const series of result.series) {
    const { result: shown } = toApiData({ ...result, series: [series] });
    pieces.push(JSON.stringify(shown).slice(1, -1));
    since += series.timestamps.length;
    if (since < samplesATurn) continue;
    since = 0;
    await setImmediate();
  }
  return `[${pieces.join(',')}]`;
}

/** The `data` of a query's answer as JSON text. */
export async function resultJson(result: QueryResult, stats: unknown): Promise<string> {
  const shown = result.resultType === 'matrix' ? await matrixJson(result) : JSON.stringify(toApiData(result).result);
  const after = stats === undefined ? '' : `,"stats":${JSON.stringify(stats)}`;
  return `{"resultType":"${result.resultType}","result":${shown}${after}}`;
}
