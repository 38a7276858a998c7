import { type Labels, WireError } from '../batch.ts';
import type { MetricColumns } from '../columns.ts';
import { checkTimestamp } from '../timestamp.ts';
import { checkedHistogram, seriesText } from './checked.ts';
import type { HistogramMessage } from './message.ts';

/** A histogram that was found good. */
export interface TakenHistogram {
  /** Adds it to a series of the columns. */
  push(columns: MetricColumns, series: number): void;
}

/** A stale one becomes the marker of a float. @throws WireError where it is not usable; the reason names the series. */
export function checkHistogram(message: HistogramMessage, labels: Labels, where: string): TakenHistogram {
  const { timestamp, stale } = message;
  checkTimestamp(timestamp, `${where}: ${seriesText(labels)}`);
  if (stale) return { push: (columns, series) => columns.pushStale(series, timestamp) };
  try {
    const histogram = checkedHistogram(message);
    return { push: (columns, series) => columns.pushHistogram(series, timestamp, histogram) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new WireError(`${where}: series ${seriesText(labels)}: ${error.message}`);
  }
}

/** Adds a histogram to the series with that number in the columns. @throws WireError as `checkHistogram` */
export function takeHistogram(columns: MetricColumns, series: number, message: HistogramMessage, where: string): void {
  checkHistogram(message, columns.labelsOf(series)!, where).push(columns, series);
}
