import type { Labels, SeriesData, SeriesReader, SeriesSamples } from '../source.ts';

/** Series that are in memory anyway. */
export class SeriesList implements SeriesReader {
  readonly labels: readonly Labels[];
  readonly hasHistograms: boolean;
  readonly hasStartTimestamps: boolean;
  private readonly all: readonly SeriesData[];

  constructor(all: readonly SeriesData[]) {
    this.all = all;
    this.labels = all.map(({ labels }) => labels);
    this.hasHistograms = all.some(({ histograms }) => histograms);
    this.hasStartTimestamps = all.some(({ startTimestamps }) => startTimestamps);
  }

  read(place: number): SeriesSamples {
    return this.all[place]!;
  }
}

/** All series with samples of their own; those without any are left out. */
export function readAll(reader: SeriesReader): SeriesData[] {
  const all: SeriesData[] = [];
  for (const [place, labels] of reader.labels.entries()) {
    const samples = reader.read(place);
    if (samples.timestamps.length > 0) all.push({ labels, ...samples, values: samples.values.slice() });
  }
  return all;
}
