import type { CardinalityReport } from '@nightshift/server/api';
import { count, counted, percent } from '../../figures/figure.ts';
import { suspectOf, written } from './remedies.ts';

export const total = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0);

/** From this share on a metric is called the one that makes the series. */
const MOST = 0.2;

/** A sentence: what makes the series? */
export function cardinalityAnswer({ series, metrics, metricNames }: CardinalityReport, match: string): string {
  const top = metrics[0];
  if (!top) return match === '' ? 'No series yet' : 'No series is chosen';
  const suspect = suspectOf(top);
  const by = suspect ? ` by ${counted(suspect.values, 'value')} of ${written(suspect.name)}` : '';
  if (metricNames === 1) return `${written(top.name)} has ${count(series)} series${suspect ? `,${by}` : ''}`;
  const share = top.series / series;
  if (share < MOST) return `${count(series)} series of ${count(metricNames)} metrics, none of which stands out`;
  return `${written(top.name)} makes ${percent(share)} of the series${suspect ? `,${by}` : ''}`;
}
