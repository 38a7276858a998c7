import { setImmediate } from 'node:timers/promises';
import { type MatrixSeries, type QueryResult, toApiData, type VectorSample } from '@nightshift/promql';
import { beforeData } from './answer.ts';
import { JsonBytes } from './json-bytes.ts';

/** Samples that are written before other requests get their turn: some tens of milliseconds. */
const samplesATurn = 100_000;

/** Writes a list element by element; `sizeOf` says how many samples one has. */
async function writeList<T>(
  into: JsonBytes,
  all: readonly T[],
  sizeOf: (element: T) => number,
  write: (element: T) => void,
): Promise<void> {
  let size = 0;
  into.text('[');
  for (const [i, element] of all.entries()) {
    if (i > 0) into.text(',');
    write(element);
    size += sizeOf(element);
    if (size < samplesATurn) continue;
    size = 0;
    if (i + 1 < all.length) await setImmediate();
  }
  into.text(']');
}

function writeSeries(into: JsonBytes, series: MatrixSeries): void {
  if (series.histograms || series.timestamps.length === 0) {
    const { result } = toApiData({ resultType: 'matrix', series: [series], warnings: [], infos: [] });
    into.text(JSON.stringify(result[0]));
    return;
  }
  into.text('{"metric":');
  into.object(series.labels);
  into.text(',"values":');
  into.samples(series.timestamps, series.values);
  into.text('}');
}

function writeSample(into: JsonBytes, sample: VectorSample): void {
  if (sample.histogram) {
    const { result } = toApiData({ resultType: 'vector', samples: [sample], warnings: [], infos: [] });
    into.text(JSON.stringify(result[0]));
    return;
  }
  into.text('{"metric":');
  into.object(sample.labels);
  into.text(',"value":');
  into.sample(sample.time, sample.value);
  into.text('}');
}

/** About what a sample and the labels of a series take. */
const expectedBytes = (series: number, samples: number): number => 256 * series + 22 * samples;

function expectedOf(result: QueryResult): number {
  if (result.resultType === 'vector') return expectedBytes(result.samples.length, result.samples.length);
  if (result.resultType !== 'matrix') return 0;
  const samples = result.series.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  return expectedBytes(result.series.length, samples);
}

const hasOneSeries = (result: QueryResult): boolean => result.resultType === 'matrix' && result.series.length === 1;

/** The body of a query's answer up to its `data`, which `bodyOf` completes. */
export async function resultJson(result: QueryResult, stats: unknown): Promise<JsonBytes> {
  const into = new JsonBytes(expectedOf(result), hasOneSeries(result));
  into.text(beforeData);
  into.text(`{"resultType":"${result.resultType}","result":`);
  if (result.resultType === 'matrix') {
    const sizeOf = ({ timestamps }: MatrixSeries) => timestamps.length;
    await writeList(into, result.series, sizeOf, (series) => writeSeries(into, series));
  } else if (result.resultType === 'vector') {
    await writeList(
      into,
      result.samples,
      () => 1,
      (sample) => writeSample(into, sample),
    );
  } else into.text(JSON.stringify(toApiData(result).result));
  if (stats !== undefined) into.text(`,"stats":${JSON.stringify(stats)}`);
  into.text('}');
  return into;
}
