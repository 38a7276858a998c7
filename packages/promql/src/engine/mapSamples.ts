import type { FloatHistogram } from '../histogram/histogram.ts';
import type { StepSeries } from './values.ts';

/** The same series with every float mapped; histograms are left out. */
export function mapFloats(series: StepSeries, map: (value: number, step: number) => number): StepSeries {
  const { labels, present, dropName } = floatsOf(series);
  const values = new Float64Array(present.length);
  for (let step = 0; step < values.length; step++) {
    if (present[step] === 1) values[step] = map(series.values[step]!, step);
  }
  return { labels, values, present, dropName };
}

/** A float for every histogram; floats are left out. */
export function mapHistograms(series: StepSeries, map: (histogram: FloatHistogram) => number): StepSeries {
  const { labels, dropName, histograms } = series;
  const values = new Float64Array(series.values.length);
  const present = new Uint8Array(values.length);
  histograms?.forEach((histogram, step) => {
    if (histogram === undefined || series.present[step] === 0) return;
    values[step] = map(histogram);
    present[step] = 1;
  });
  return { labels, values, present, dropName };
}

/** The series as it is without its histograms; the same one if it has none. */
export function floatsOf(series: StepSeries): StepSeries {
  const { labels, values, present, dropName, histograms } = series;
  if (!histograms) return series;
  return { labels, values, present: present.map((there, step) => (histograms[step] ? 0 : there)), dropName };
}
