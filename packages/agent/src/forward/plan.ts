import type { SpoolRecord } from '../request/record.ts';
import { snappyLength } from '../request/snappy-blocks.ts';

/** What is sent at once: records of one shard, oldest first. */
export interface PlannedRequest {
  readonly records: readonly SpoolRecord[];
  readonly samples: number;
}

/** A request is not made larger than this, decompressed, by joining records. */
export const REQUEST_BYTES = 4 * 1024 * 1024;

/**
 * Divides the records of a batch among shards, and those of each into requests. All of one target go to one shard in
 * their order, so that a shard that sends one request after the other keeps the order of every series. The same batch
 * always makes the same requests.
 */
export function planRequests(
  records: readonly SpoolRecord[],
  shards: number,
  maxSamples: number,
): readonly (readonly PlannedRequest[])[] {
  const byShard = new Map<number, SpoolRecord[]>();
  for (const record of records) {
    const shard = record.key % shards;
    const list = byShard.get(shard);
    if (list) list.push(record);
    else byShard.set(shard, [record]);
  }
  return [...byShard.values()].map((own) => requestsOf(own, maxSamples));
}

function requestsOf(records: readonly SpoolRecord[], maxSamples: number): PlannedRequest[] {
  const requests: PlannedRequest[] = [];
  let current: SpoolRecord[] = [];
  let samples = 0;
  let bytes = 0;
  const end = () => {
    if (current.length > 0) requests.push({ records: current, samples });
    current = [];
    samples = 0;
    bytes = 0;
  };
  for (const record of records) {
    const size = snappyLength(record.block);
    if (samples + record.samples > maxSamples || bytes + size > REQUEST_BYTES) end();
    current.push(record);
    samples += record.samples;
    bytes += size;
  }
  end();
  return requests;
}
