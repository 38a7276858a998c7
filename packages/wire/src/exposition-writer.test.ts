import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition } from './exposition.ts';
import { encodeExposition, type ShownFamily } from './exposition-writer.ts';

const of = (labels: Record<string, string>, value: number): ShownFamily => ({
  name: labels.__name__ ?? '',
  type: 'gauge',
  samples: [{ labels: new Map(Object.entries(labels)), timestamp: 1_700_000_000_001, value }],
});

describe('written exposition text', () => {
  it('has the type of each family, then its samples with their times', () => {
    const families: ShownFamily[] = [
      { ...of({ __name__: 'a_total', job: 'x "\\\n' }, 1e21), type: 'counter' },
      of({ __name__: 'b', instance: '' }, -0),
    ];
    expect(encodeExposition(families, 'underscores')).toBe(
      [
        '# TYPE a_total counter',
        'a_total{job="x \\"\\\\\\n"} 1e+21 1700000000001',
        '# TYPE b gauge',
        'b{instance=""} -0 1700000000001',
        '',
      ].join('\n'),
    );
    expect(encodeExposition([], 'underscores')).toBe('');
  });

  it('writes other names in quotes or with underscores', () => {
    const family = of({ __name__: 'http.hits', '1st🌙': 'x' }, Number.NaN);
    expect(encodeExposition([family], 'allow-utf-8')).toBe(
      '# TYPE "http.hits" gauge\n{"http.hits","1st🌙"="x"} NaN 1700000000001\n',
    );
    expect(encodeExposition([family], 'underscores')).toBe(
      '# TYPE http_hits gauge\nhttp_hits{_st_="x"} NaN 1700000000001\n',
    );
  });

  it('is read back by our own parser as it was, whatever the names and values', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 });
    const name = text.filter((one) => one !== '__name__');
    fc.assert(
      fc.property(name, fc.dictionary(name, text, { maxKeys: 4 }), fc.double(), (metric, more, value) => {
        const entries: [string, string][] = Object.entries({ ...more, __name__: metric });
        const labels = new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
        const samples = [{ labels, timestamp: 12_345, value }];
        const batch = parseExposition(encodeExposition([{ name: metric, type: 'gauge', samples }], 'allow-utf-8'), 0);
        expect([...batch.series[0]!]).toEqual([...labels]);
        expect([...batch.timestamps]).toEqual([12_345]);
        expect([...batch.values]).toEqual([value]);
        expect(batch.metadata).toEqual([{ name: metric, type: 'gauge', help: '', unit: '' }]);
      }),
    );
  });
});
