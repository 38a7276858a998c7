import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MetricType, WireError } from '../batch.ts';
import { isStaleMarker } from '../columns.ts';
import { decodeWriteRequest } from './decode.ts';
import { encodeWriteRequest } from './encode.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const labels = fc
  .tuple(fc.dictionary(name, name, { maxKeys: 6 }), name)
  .map(([more, metric]) => new Map(Object.entries({ ...more, __name__: metric }).sort(([a], [b]) => (a < b ? -1 : 1))));
const sample = fc.record({
  timestamp: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  value: fc.double({ noNaN: true }),
});
const series = fc.array(fc.record({ labels, samples: fc.array(sample, { maxLength: 5 }) }), { maxLength: 5 });

function oneSeries(...pairs: [string, string][]): Uint8Array {
  return encodeWriteRequest([{ labels: new Map(pairs), samples: [{ timestamp: 1000, value: 2 }] }]);
}

describe('remote write', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(series, (sent) => {
        const batch = decodeWriteRequest(encodeWriteRequest(sent));
        expect(batch.series.map((one) => [...one])).toEqual(sent.map((one) => [...one.labels]));
        const samples = sent.flatMap((one, i) => one.samples.map((s) => ({ i, ...s })));
        expect([...batch.seriesIndex]).toEqual(samples.map((s) => s.i));
        expect([...batch.timestamps]).toEqual(samples.map((s) => s.timestamp));
        expect([...batch.values]).toEqual(samples.map((s) => s.value));
      }),
    );
  });

  it('keeps metadata', () => {
    const metadata = [{ name: 'm', type: 'counter' as MetricType, help: 'Helps.', unit: 'seconds' }];
    expect(decodeWriteRequest(encodeWriteRequest([], metadata)).metadata).toEqual(metadata);
  });

  it('keeps exemplars with their series, and counts those that are not usable', () => {
    const exemplar = (labels: [string, string][], timestamp = 5) => ({
      labels: new Map(labels),
      value: 0.5,
      timestamp,
    });
    const batch = decodeWriteRequest(
      encodeWriteRequest([
        { labels: new Map([['__name__', 'a']]), samples: [{ timestamp: 1, value: 1 }] },
        {
          labels: new Map([['__name__', 'b']]),
          samples: [],
          exemplars: [
            exemplar([
              ['trace_id', 'x'],
              ['a', '🌙'.repeat(118)],
            ]),
            exemplar([
              ['trace_id', 'x'],
              ['a', '🌙'.repeat(119)],
            ]),
            exemplar([], -1),
            exemplar([['', 'no name']]),
            exemplar([], 2 ** 60),
          ],
        },
      ]),
    );
    expect(batch.exemplars.map(({ series, timestamp, labels }) => [series, timestamp, [...labels.keys()]])).toEqual([
      [1, 5, ['a', 'trace_id']],
      [1, -1, []],
    ]);
    expect(batch.exemplarsDropped).toBe(3);
  });

  it('holds no more exemplars of one body than it can bear', () => {
    const none = { labels: new Map(), value: 0, timestamp: 0 };
    const exemplars = Array.from({ length: 50_010 }, () => none);
    const batch = decodeWriteRequest(
      encodeWriteRequest([{ labels: new Map([['__name__', 'a']]), samples: [], exemplars }]),
    );
    expect([batch.exemplars.length, batch.exemplarsDropped]).toEqual([50_000, 1]);
  });

  it('keeps the bits of the stale marker, and tells it from another NaN', () => {
    const samples = [
      { timestamp: 0, value: 0, stale: true },
      { timestamp: 1, value: Number.NaN },
      { timestamp: 2, value: 1 },
    ];
    const { values } = decodeWriteRequest(encodeWriteRequest([{ labels: new Map([['__name__', 'm']]), samples }]));
    expect([0, 1, 2].map((i) => isStaleMarker(values, i))).toEqual([true, false, false]);
  });

  it('sorts labels and drops empty values', () => {
    const batch = decodeWriteRequest(oneSeries(['z', '1'], ['__name__', 'm'], ['a', ''], ['B', '2']));
    expect([...batch.series[0]!]).toEqual([
      ['B', '2'],
      ['__name__', 'm'],
      ['z', '1'],
    ]);
  });

  it('takes a label called __proto__', () => {
    expect(decodeWriteRequest(oneSeries(['__name__', 'm'], ['__proto__', 'x'])).series[0]!.get('__proto__')).toBe('x');
  });

  const refused: [string, Uint8Array, RegExp][] = [
    ['a series without name', oneSeries(['a', 'b']), /without metric name/],
    ['a duplicate label', duplicateLabel(), /duplicate label "__name__"/],
    ['an empty label name', oneSeries(['', 'x'], ['__name__', 'm']), /empty label name in a series of "m"/],
    ['a timestamp out of range', extremeTimestamp(), /timestamp .* out of range/],
    ['a torn body', oneSeries(['__name__', 'm']).subarray(0, 12), /at byte 1/],
    ['a group', Uint8Array.of(0x0b, 0x0c), /field 1 has wire type 3, expected 2|group/],
    ['a varint of eleven bytes', Uint8Array.of(0x10, ...new Array(10).fill(0xff), 1), /longer than ten bytes/],
    ['field number 0', Uint8Array.of(2, 0), /field number 0/],
  ];
  it.each(refused)('refuses %s', (_, body, message) => {
    expect(() => decodeWriteRequest(body)).toThrow(WireError);
    expect(() => decodeWriteRequest(body)).toThrow(message);
  });
});

function duplicateLabel(): Uint8Array {
  const body = oneSeries(['__name__', 'm'], ['__namf__', 'm']);
  body[body.lastIndexOf(0x66)] = 0x65;
  return body;
}

function extremeTimestamp(): Uint8Array {
  return encodeWriteRequest([{ labels: new Map([['__name__', 'm']]), samples: [{ timestamp: 2 ** 62, value: 0 }] }]);
}
