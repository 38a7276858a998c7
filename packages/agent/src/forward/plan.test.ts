import { encodeSnappy } from '@nightshift/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planRequests } from './plan.ts';

const block = encodeSnappy(new Uint8Array(100));
const record = fc
  .record({ key: fc.nat(20), samples: fc.integer({ min: 1, max: 50 }) })
  .map((one) => ({ ...one, at: 0, hasCustomBuckets: false, block }));

it('sends every record once, those of a target in order one after another, in requests of no more samples than allowed', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 100 }),
      (records, shards, maxSamples) => {
        const plan = planRequests(records, shards, maxSamples);
        expect(plan.length).toBeLessThanOrEqual(shards);
        expect(plan).toEqual(planRequests(records, shards, maxSamples));
        const sent = plan.flatMap((requests) => requests.flatMap((request) => request.records));
        expect(new Set(sent)).toEqual(new Set(records));
        expect(sent).toHaveLength(records.length);
        for (const key of new Set(records.map((one) => one.key))) {
          const of = plan.filter((requests) =>
            requests.some((request) => request.records.some((one) => one.key === key)),
          );
          expect(of).toHaveLength(1);
          expect(sent.filter((one) => one.key === key)).toEqual(records.filter((one) => one.key === key));
        }
        for (const request of plan.flat()) {
          expect(request.samples).toBe(request.records.reduce((sum, { samples }) => sum + samples, 0));
          if (request.records.length > 1) expect(request.samples).toBeLessThanOrEqual(maxSamples);
        }
      },
    ),
  );
});
