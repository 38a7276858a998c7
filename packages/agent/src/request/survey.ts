import { Fields, LENGTH } from './fields.ts';

/** What is found in a prometheus.WriteRequest by going over it once, for all destinations. */
export interface Survey {
  /** Samples, native histograms among them. */
  readonly samples: number;
  /** Whether all series have labels and samples alone. */
  readonly isPlain: boolean;
  /** The metadata, as a request of its own; empty where there is none. */
  readonly metadata: Uint8Array;
}

const SERIES = (1 << 3) | LENGTH;
const SAMPLE = (2 << 3) | LENGTH;

export function surveyOf(request: Uint8Array): Survey {
  const metadata: Uint8Array[] = [];
  let samples = 0;
  let isPlain = true;
  const fields = new Fields(request, 0, request.length);
  // One walker for all series: an object for each costs as much as the walk.
  const series = new Fields(request, 0, 0);
  while (fields.next()) {
    if (fields.field === 3) metadata.push(request.subarray(fields.start, fields.end));
    else if (request[fields.start] === SERIES) {
      series.restart(fields.contentStart, fields.end);
      while (series.next()) {
        if (request[series.start] === SAMPLE) samples++;
        else if (series.field === 4) {
          samples++;
          isPlain = false;
        } else if (series.field !== 1) isPlain = false;
      }
    } else isPlain = false;
  }
  return { samples, isPlain, metadata: metadata.length > 0 ? Buffer.concat(metadata) : new Uint8Array(0) };
}
