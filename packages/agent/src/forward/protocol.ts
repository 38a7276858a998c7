import { decodeSnappy, encodeSnappy } from '@nightshift/wire';
import type { ProtobufMessage } from '../config/remote-write.ts';
import { withoutCustomBuckets } from '../request/custom-buckets.ts';
import type { FamilyMemory } from '../request/family-memory.ts';
import { joinSnappyBlocks } from '../request/snappy-blocks.ts';
import { type SentCounts, toWriteV2 } from '../request/write-v2.ts';
import type { PlannedRequest } from './plan.ts';

/** A request as it goes over the wire. */
export interface EncodedRequest {
  /** One Snappy block. */
  readonly block: Uint8Array;
  /** Undefined in 1.0, which has no answer to compare it with. */
  readonly counts: SentCounts | undefined;
  /** Samples of the planned request that this protocol has no place for. */
  readonly leftOut: number;
}

export interface Protocol {
  readonly message: ProtobufMessage;
  readonly headers: Readonly<Record<string, string>>;
  encode(request: PlannedRequest, families: FamilyMemory): EncodedRequest;
}

/** https://prometheus.io/docs/specs/prw/remote_write_spec/ */
const v1: Protocol = {
  message: 'prometheus.WriteRequest',
  headers: {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  },
  encode: ({ records }) => {
    let leftOut = 0;
    const blocks = records.map(({ block, hasCustomBuckets }) => {
      if (!hasCustomBuckets) return block;
      const kept = withoutCustomBuckets(decodeSnappy(block, Number.MAX_SAFE_INTEGER));
      leftOut += kept.leftOut;
      return encodeSnappy(kept.bytes).slice();
    });
    return { block: joinSnappyBlocks(blocks), counts: undefined, leftOut };
  },
};

/** https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ */
const v2: Protocol = {
  message: 'io.prometheus.write.v2.Request',
  headers: {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '2.0.0',
  },
  encode: ({ records }, families) => {
    const requests = records.map(({ block }) => decodeSnappy(block, Number.MAX_SAFE_INTEGER));
    const { bytes, ...counts } = toWriteV2(requests, families);
    return { block: encodeSnappy(bytes), counts, leftOut: 0 };
  },
};

export const protocols: Readonly<Record<ProtobufMessage, Protocol>> = {
  'prometheus.WriteRequest': v1,
  'io.prometheus.write.v2.Request': v2,
};
