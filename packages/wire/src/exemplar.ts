import { type Exemplar, type Labels, WireError } from './batch.ts';
import type { LabelCollector } from './labels.ts';
import { checkTimestamp } from './timestamp.ts';

/** Characters (code points) of all names and values of an exemplar's labels (OpenMetrics 1.0, "Exemplars"). */
const MAX_CHARACTERS = 128;

/** Exemplars of one body: an empty one takes two bytes on the wire and a hundred times as much here. */
export const MOST_EXEMPLARS = 50_000;

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export function fitsExemplar(labels: Labels): boolean {
  let count = 0;
  for (const [name, value] of labels) {
    count += characters(name) + characters(value);
    if (count > MAX_CHARACTERS) return false;
  }
  return true;
}

/** The exemplar of the labels that were collected; undefined where they or the time are not usable. */
export function exemplarOf(collected: LabelCollector, value: number, timestamp: number): Exemplar | undefined {
  try {
    checkTimestamp(timestamp, '');
    return { labels: collected.makeSet('an exemplar'), value, timestamp };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
