import type { StepSeries } from './values.ts';

/** The same series with every sample mapped. */
export function mapSamples(series: StepSeries, map: (value: number, step: number) => number): StepSeries {
  const values = new Float64Array(series.values.length);
  for (let step = 0; step < values.length; step++) {
    if (series.present[step] === 1) values[step] = map(series.values[step]!, step);
  }
  return { ...series, values };
}
