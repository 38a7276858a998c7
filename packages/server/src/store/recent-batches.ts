import { bytesOfHistogram } from './histogram-payload.ts';
import type { NumberedBatch } from './series-numbers.ts';

/** About three million samples, as two batches for the engine may have; what is beyond it is decoded again when its turn comes. */
const MOST_BYTES = 64 * 1024 * 1024;
const BYTES_PER_SAMPLE = 20;
const BYTES_PER_SERIES = 4;

/** What records of the journal decode to, without the labels, kept from when they came until they go to the engine. */
export class RecentBatches {
  private readonly kept = new Map<string, NumberedBatch>();
  private bytes = 0;

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** `place` is the record's in the journal. Not kept when there are too many already. */
  keep(place: string, batch: NumberedBatch): void {
    const bytes = sizeOf(batch);
    if (this.bytes + bytes > this.mostBytes) return;
    this.bytes += bytes;
    // The rows name series by their numbers; a list of labels for each record took 90 MB under load.
    const { known: _, ...rest } = batch.batch;
    this.kept.set(place, { ...batch, batch: { ...rest, series: [] } });
  }

  find(place: string): NumberedBatch | undefined {
    return this.kept.get(place);
  }

  forget(place: string): void {
    const batch = this.kept.get(place);
    if (!batch) return;
    this.bytes -= sizeOf(batch);
    this.kept.delete(place);
  }
}

function sizeOf({ batch, numbers }: NumberedBatch): number {
  let bytes = batch.timestamps.length * BYTES_PER_SAMPLE + numbers.length * BYTES_PER_SERIES;
  for (const { histogram } of batch.histograms ?? []) bytes += bytesOfHistogram(histogram);
  return bytes;
}
