import {
  decodeWriteRequest,
  encodeWriteRequest,
  type NativeHistogram,
  NO_BOUNDS,
  NO_BUCKETS,
  type WriteSeries,
} from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutCustomBuckets } from './custom-buckets.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { Shape, type ShapeOptions } from './shape.ts';

const histogramOf = (schema: number): NativeHistogram => ({
  isInteger: true,
  ...{ schema, count: 3, sum: 4, zeroThreshold: 0, zeroCount: 0, negative: NO_BUCKETS, resetHint: 'unknown' },
  positive: { indexes: Int32Array.of(0, 1), counts: Float64Array.of(1, 2) },
  bounds: schema === -53 ? Float64Array.of(0.5) : NO_BOUNDS,
});

const series = fc.record({
  labels: fc.stringMatching(/^[a-z]{1,5}$/).map((name) => new Map([['__name__', name]])),
  samples: fc.array(fc.record({ timestamp: fc.nat(), value: fc.double({ noNaN: true }) }), { maxLength: 2 }),
  histograms: fc.array(fc.record({ timestamp: fc.nat(), histogram: fc.constantFrom(-53, -4, 0, 8).map(histogramOf) }), {
    maxLength: 3,
  }),
  exemplars: fc.array(fc.constant({ labels: new Map([['trace_id', 'x']]), value: 1, timestamp: 5 }), { maxLength: 1 }),
});
const requests = fc.array(
  series.filter(({ samples, histograms }) => samples.length + histograms.length > 0),
  { maxLength: 6 },
);
const metadata = [{ name: 'm', type: 'gauge', help: 'Helps.', unit: '' }] as const;

const isCustom = ({ histogram }: { readonly histogram: NativeHistogram }) => histogram.schema === -53;
const customOf = (all: readonly WriteSeries[]) => all.flatMap(({ histograms = [] }) => histograms.filter(isCustom));

describe('a request of remote write 1.0', () => {
  it('is left everything but histograms with custom buckets, and series that have nothing else', () => {
    fc.assert(
      fc.property(requests, (all) => {
        const { bytes, leftOut } = withoutCustomBuckets(encodeWriteRequest(all, metadata));
        const kept = all
          .map((one) => ({ ...one, histograms: one.histograms.filter((histogram) => !isCustom(histogram)) }))
          .filter((one) => one.samples.length + one.histograms.length > 0);
        expect(leftOut).toBe(customOf(all).length);
        expect(decodeWriteRequest(bytes)).toEqual(decodeWriteRequest(encodeWriteRequest(kept, metadata)));
      }),
    );
  });
});

describe('the parts of a scrape', () => {
  it('say whether they have histograms with custom buckets, and so do their records', () => {
    const options: ShapeOptions = {
      ...{ externalLabels: new Map([['site', 'north']]), relabelling: undefined, maxSamples: 4 },
      ...{ exemplars: true, nativeHistograms: true, metadata: true },
    };
    fc.assert(
      fc.property(requests, fc.boolean(), (all, nativeHistograms) => {
        for (const { bytes, samples, hasCustomBuckets } of new Shape({ ...options, nativeHistograms }).apply(
          encodeWriteRequest(all),
        )) {
          const found = decodeWriteRequest(bytes).histograms ?? [];
          expect(hasCustomBuckets).toBe(found.some(isCustom));
          const record = { key: 7, samples, at: 5, hasCustomBuckets, block: bytes };
          expect(decodeRecord(encodeRecord(record))).toEqual({ ...record, block: Buffer.from(bytes) });
        }
      }),
    );
  });
});
