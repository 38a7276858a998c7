import type { Labels, MetricBatch } from '@nightshift/wire';
import type { Cuts } from './cut-batch.ts';
import { instant, type Refusal, seriesText } from './refusal.ts';

/** The oldest time (Unix milliseconds) that a sample of a series may have, and what forbids an older one. */
export interface OldestTaken {
  readonly time: number;
  readonly reason: 'too_old' | 'out_of_order';
  /** Said to the sender: the setting and its value. */
  readonly because: string;
}

/** Which samples are too old to be taken. Times are Unix milliseconds. */
export interface SampleAge {
  /** Samples at or after this time are taken, whatever their series. */
  horizon(receivedAt: number): number;
  oldest(labels: Labels, receivedAt: number): OldestTaken;
}

/** Everything since 1970. */
export const anyAge: SampleAge = {
  horizon: () => 0,
  oldest: () => ({ time: 0, reason: 'too_old', because: '' }),
};

// The words before the colon are Prometheus' own for the same (storage/interface.go).
const words = {
  too_old: 'out of bounds: {n} older than they are kept',
  out_of_order: 'too old sample: {n} older than the window for late ones',
} as const;

/** Samples before the oldest that their series may have: what is to be cut, and what the sender is told. Null where there are none. */
export function cutOld(
  { series, seriesIndex, timestamps, histograms = [] }: MetricBatch,
  age: SampleAge,
  receivedAt: number,
): { readonly cuts: Cuts; readonly refusals: readonly Refusal[] } | null {
  const horizon = age.horizon(receivedAt);
  const oldest = new Map<number, OldestTaken>();
  const cuts = new Map<number, number>();
  const found = new Map<OldestTaken['reason'], { samples: number; readonly first: string }>();
  const look = (place: number, time: number) => {
    if (time >= horizon) return;
    const limit = oldest.get(place) ?? age.oldest(series[place]!, receivedAt);
    oldest.set(place, limit);
    if (time >= limit.time) return;
    cuts.set(place, limit.time);
    const known = found.get(limit.reason);
    if (known) {
      known.samples++;
      return;
    }
    const first = `(${limit.because}), the first of ${seriesText(series[place]!)} at ${instant(time)}`;
    found.set(limit.reason, { samples: 1, first });
  };
  for (let i = 0; i < timestamps.length; i++) look(seriesIndex[i]!, timestamps[i]!);
  for (const one of histograms) look(one.series, one.timestamp);
  if (cuts.size === 0) return null;
  const refusals = [...found].map(([reason, { samples, first }]): Refusal => {
    const count = samples === 1 ? '1 sample is' : `${samples} samples are`;
    return { reason, samples, message: `${words[reason].replace('{n}', count)} ${first}` };
  });
  return { cuts, refusals };
}
