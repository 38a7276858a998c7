/** Classic histograms of text that become native ones with custom buckets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricBatch } from './batch.ts';
import { parseExposition, parseOpenMetrics } from './exposition.ts';
import { SeriesMemory } from './series-memory.ts';

const NOW = 1_700_000_000_000;

function shown({ series, seriesIndex, values, timestamps, histograms = [], exemplars }: MetricBatch) {
  const text = (place: number) =>
    [...(series[place] ?? [])].map(([name, value]) => (name === '__name__' ? value : `${name}=${value}`)).join(' ');
  return {
    samples: [...seriesIndex].map((place, i) => [text(place), values[i], timestamps[i]]),
    histograms: histograms.map(({ series: place, timestamp, histogram: { count, sum, bounds, positive } }) => ({
      ...{ series: text(place), timestamp, count, sum, bounds: [...bounds] },
      buckets: [...positive.indexes].map((index, i) => [index, positive.counts[i]]),
    })),
    exemplars: exemplars.map((one) => [text(one.series), one.value, one.timestamp]),
  };
}

const converted = (text: string, keepsClassic = false) =>
  shown(parseExposition(text, NOW, undefined, { keepsClassic }));

const H = `# TYPE h histogram
h_bucket{a="x",le="0.5"} 1
h_bucket{a="x",le="2"} 4
h_bucket{a="x",le="+Inf"} 5
h_sum{a="x"} 7.5
h_count{a="x"} 5
`;
const OF_H = {
  series: 'h a=x',
  timestamp: NOW,
  count: 5,
  sum: 7.5,
  bounds: [0.5, 2],
  buckets: [
    [0, 1],
    [1, 3],
    [2, 1],
  ],
};

describe('classic histograms of a text', () => {
  it('stay as they are unless they are to be converted', () => {
    expect(shown(parseExposition(H, NOW)).samples).toHaveLength(5);
    expect(parseExposition(H, NOW).histograms).toBeUndefined();
  });

  it('become one native histogram of each label set', () => {
    const other = H.replaceAll('a="x"', 'a="y",z="1"').replace('# TYPE h histogram\n', '');
    expect(converted(`up 1\n${H}${other}# TYPE g gauge\ng 2\n`)).toEqual({
      samples: [
        ['up', 1, NOW],
        ['g', 2, NOW],
      ],
      histograms: [OF_H, { ...OF_H, series: 'h a=y z=1' }],
      exemplars: [],
    });
  });

  it('are both where the classic series are kept', () => {
    const { samples, histograms } = converted(H, true);
    expect([samples, histograms]).toEqual([shown(parseExposition(H, NOW)).samples, [OF_H]]);
  });

  it.each([
    ['a type that is none', H.replace('histogram', 'untyped')],
    ['no type', H.replace('# TYPE h histogram\n', '')],
    ['the type of another family', H.replace('TYPE h ', 'TYPE other ')],
  ])('stay as they are with %s', (_what, text) => {
    expect(converted(text).samples).toHaveLength(5);
    expect(converted(text).histograms).toEqual([]);
  });

  it('leave in the family what is no part of one: other names, and bounds that are no numbers', () => {
    const lines =
      'h_created{a="x"} 1\nh{a="x"} 2\nh_bucket{a="x",le="many"} 3\nh_bucket{a="x"} 4\nh_bucket{a="x",le="1e400"} 5\n';
    const { samples, histograms } = converted(`${H}${lines}`);
    expect(samples.map(([name]) => name)).toEqual([
      'h_created a=x',
      'h a=x',
      'h_bucket a=x le=many',
      'h_bucket a=x',
      'h_bucket a=x le=1e400',
    ]);
    expect(histograms).toEqual([OF_H]);
  });

  it('are whole with a line of another kind, when they were created, or a comment between their series', () => {
    const text = H.replace('h_sum', '# a comment\nh{a="x"} 9\nh_created{a="x"} 1.7e9\nh_sum');
    expect(converted(text)).toMatchObject({
      samples: [
        ['h a=x', 9, NOW],
        ['h_created a=x', 1.7e9, NOW],
      ],
      histograms: [OF_H],
    });
  });

  it('end where a family is declared, even the same one again', () => {
    const later = H.replaceAll(/5$/gm, '6').replace('7.6', '7.5');
    expect(converted(`${H}${later}`).histograms).toMatchObject([{ count: 5 }, { count: 6 }]);
  });

  it('are nothing where they cannot be converted, and those around them are not touched', () => {
    const bad = H.replaceAll('a="x"', 'a="bad"').replace('# TYPE h histogram\n', '').replace(' 4\n', ' 0\n');
    expect(converted(`${H}${bad}${H}`)).toEqual({ samples: [], histograms: [OF_H, OF_H], exemplars: [] });
    expect(converted(`${H}${bad}`, true).samples).toHaveLength(10);
    // A count that is too small where +Inf is missing.
    const short = 'h_bucket{a="s",le="1"} 5\nh_count{a="s"} 3\n';
    expect(converted(`# TYPE h histogram\n${short}${H}`).histograms).toEqual([OF_H]);
  });

  it('have the time of their series', () => {
    const timed = H.replaceAll(/(\d)$/gm, '$1 1699999999000');
    expect(converted(timed).histograms).toEqual([{ ...OF_H, timestamp: 1_699_999_999_000 }]);
    const memory = new SeriesMemory<unknown>();
    memory.begin();
    parseExposition(`${timed}# TYPE g gauge\ng 1\n`, NOW, memory, { keepsClassic: false });
    expect(memory.timed).toEqual([true, true, true, true, true, false, true]);
  });

  it('have the exemplars of their buckets that have a time', () => {
    const text = `# TYPE h histogram
h_bucket{le="1.0"} 1 # {t="a"} 0.5 1600000000
h_bucket{le="2.0"} 2 # {t="b"} 1.5
h_bucket{le="+Inf"} 3 # {t="c"} 2.5 1600000001.5
h_count 3
# TYPE h2 histogram
h2_bucket{le="+Inf"} 1
# EOF
`;
    const open = (keepsClassic: boolean) => shown(parseOpenMetrics(text, NOW, undefined, { keepsClassic })).exemplars;
    const ofH = [
      ['h', 0.5, 1_600_000_000_000],
      ['h', 2.5, 1_600_000_001_500],
    ];
    expect(open(false)).toEqual(ofH);
    expect(open(true)).toEqual([
      ['h_bucket le=1.0', 0.5, 1_600_000_000_000],
      ['h_bucket le=2.0', 1.5, NOW],
      ['h_bucket le=+Inf', 2.5, 1_600_000_001_500],
      ...ofH,
    ]);
  });

  it('of gauges stay as they are', () => {
    const text = '# TYPE h gaugehistogram\nh_bucket{le="+Inf"} 1\nh_gcount 1\nh_gsum 1\n# EOF\n';
    const { samples, histograms } = shown(parseOpenMetrics(text, NOW, undefined, { keepsClassic: false }));
    expect([samples.length, histograms]).toEqual([3, []]);
  });
});

const line = fc.constantFrom(
  ...H.split('\n').slice(0, -1),
  ...H.replaceAll('a="x"', 'a="y"').split('\n').slice(1, -1),
  'h_bucket{a="x",le="many"} 1',
  'h_bucket{a="x",le="2"} 9',
  '# TYPE h untyped',
  '# TYPE h_bucket histogram',
  '# HELP h Helps.',
  'g 1 5',
);
const texts = fc.array(line, { maxLength: 14 }).map((lines) => lines.map((one) => `${one}\n`).join(''));

describe('a memory of the last texts', () => {
  it('changes nothing about the histograms, even if whoever keeps it puts other labels in their place', () => {
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), fc.boolean(), (all, keepsClassic) => {
        const memory = new SeriesMemory<unknown>();
        for (const text of [...all, ...all]) {
          memory.begin();
          const batch = parseExposition(text, NOW, memory, { keepsClassic });
          expect(shown(batch).histograms).toEqual(converted(text, keepsClassic).histograms);
          expect(memory.current).toHaveLength(batch.series.length);
          expect(memory.timed).toHaveLength(batch.series.length);
          memory.keep();
          for (const known of memory.latest) known.labels = new Map([['__name__', 'relabelled']]);
        }
      }),
    );
  });
});
