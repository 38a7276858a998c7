import { compileRelabelling } from '@nightshift/server/collect';
import { decodeWriteRequest, encodeWriteRequest, type Labels, type WriteSeries } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Shape, type ShapeOptions } from './shape.ts';

const everything: ShapeOptions = {
  externalLabels: new Map(),
  relabelling: undefined,
  maxSamples: 1000,
  exemplars: true,
  nativeHistograms: true,
  metadata: true,
};

const sorted = (labels: Iterable<readonly [string, string]>): Labels =>
  new Map([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));

const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
const labels = fc.tuple(fc.dictionary(text, text, { maxKeys: 4 }), text).map(([more, name]) => {
  return sorted(Object.entries({ ...more, __name__: name }));
});
const series = fc.record({
  labels,
  samples: fc.array(fc.record({ timestamp: fc.integer({ min: 0, max: 1e12 }), value: fc.double() }), {
    minLength: 1,
    maxLength: 3,
  }),
  exemplars: fc.array(fc.constant({ labels: new Map([['trace_id', 'x']]), value: 1, timestamp: 5 }), { maxLength: 1 }),
});
const metadata = [{ name: 'm', type: 'gauge', help: 'Helps.', unit: '' }] as const;

const decoded = (parts: readonly { bytes: Uint8Array }[]) => parts.map(({ bytes }) => decodeWriteRequest(bytes));
const shownSeries = (all: readonly { bytes: Uint8Array }[]) =>
  decoded(all).flatMap((batch) => batch.series.map((one) => [...one]));

describe('what a destination gets of a scrape', () => {
  it('is everything, in parts of no more samples than asked for, no series divided', () => {
    fc.assert(
      fc.property(
        fc.array(series, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        (all, maxSamples) => {
          const parts = new Shape({ ...everything, maxSamples }).apply(encodeWriteRequest(all, metadata));
          expect(shownSeries(parts)).toEqual(all.map((one) => [...one.labels]));
          const total = all.reduce((sum, one) => sum + one.samples.length, 0);
          expect(parts.reduce((sum, { samples }) => sum + samples, 0)).toBe(total);
          for (const [i, batch] of decoded(parts).entries()) {
            expect(batch.values.length).toBe(parts[i]?.samples);
            if (batch.series.length > 1) expect(batch.values.length).toBeLessThanOrEqual(maxSamples);
          }
          expect(decoded(parts).flatMap((batch) => batch.metadata)).toEqual(metadata);
        },
      ),
    );
  });

  it('has the external labels that a series has not, in order', () => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 6 }), labels, (all, external) => {
        const externalLabels = new Map([...external].filter(([name]) => name !== '__name__'));
        const parts = new Shape({ ...everything, externalLabels }).apply(encodeWriteRequest(all));
        expect(shownSeries(parts)).toEqual(all.map((one) => [...sorted([...externalLabels, ...one.labels])]));
      }),
    );
  });

  it('is relabelled after the external labels were added', () => {
    const relabelling = compileRelabelling([
      { action: 'drop', sourceLabels: ['__name__', 'site'], regex: 'debug;north' },
      { action: 'replace', sourceLabels: ['site'], targetLabel: 'place', replacement: 'the $1' },
    ]);
    const one = (name: string): WriteSeries => ({
      labels: new Map([['__name__', name]]),
      samples: [{ timestamp: 1, value: 2 }],
    });
    const shape = new Shape({ ...everything, externalLabels: new Map([['site', 'north']]), relabelling });
    expect(shownSeries(shape.apply(encodeWriteRequest([one('debug'), one('up')])))).toEqual([
      [
        ['__name__', 'up'],
        ['place', 'the north'],
        ['site', 'north'],
      ],
    ]);
    expect(shape.apply(encodeWriteRequest([one('debug')], metadata))).toEqual([]);
  });

  it('has neither exemplars nor metadata where they are not wanted', () => {
    const exemplars = [{ labels: new Map([['trace_id', 'x']]), value: 1, timestamp: 5 }];
    const request = encodeWriteRequest(
      [{ labels: new Map([['__name__', 'a']]), samples: [{ timestamp: 5, value: 1 }], exemplars }],
      metadata,
    );
    const [kept] = decoded(new Shape(everything).apply(request));
    expect([kept?.exemplars.length, kept?.metadata.length]).toEqual([1, 1]);
    const [bare] = decoded(new Shape({ ...everything, exemplars: false, metadata: false }).apply(request));
    expect([bare?.exemplars.length, bare?.metadata.length, bare?.values.length]).toEqual([0, 0, 1]);
  });
});
