/** What is counted of one destination, all since the start. */
export class DestinationCounts {
  requests = 0;
  samplesSent = 0;
  bytesSent = 0;
  /** Requests that are repeated, by reason. */
  readonly retries = new Map<string, number>();
  /** Samples that were not delivered, by reason. */
  readonly samplesLost = new Map<string, number>();
  spoolFailures = 0;
  droppedRecords = 0;
  droppedBytes = 0;
  /** Unix milliseconds of the newest scrape that was delivered; 0 for none. */
  newestSent = 0;

  retry(reason: string): void {
    this.retries.set(reason, (this.retries.get(reason) ?? 0) + 1);
  }

  lose(reason: string, samples: number): void {
    this.samplesLost.set(reason, (this.samplesLost.get(reason) ?? 0) + samples);
  }
}
