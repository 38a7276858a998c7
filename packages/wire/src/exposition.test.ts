import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from './batch.ts';
import { parseExposition, parseOpenMetrics } from './exposition.ts';

const NOW = 1_700_000_000_000;

describe('OpenMetrics text', () => {
  it('reads exemplars, units and times in seconds', () => {
    const batch = parseOpenMetrics(
      [
        '# TYPE took_seconds histogram',
        '# UNIT took_seconds seconds',
        '# HELP took_seconds It \\"took\\".',
        'took_seconds_bucket{le="1"} 3 1700000001.5 # {trace_id="ab",span_id="c"} 0.25 1700000000.125',
        'took_seconds_bucket{le="+Inf"} 3 1700000001.5 # {} 7',
        '# TYPE hits counter',
        `hits_total 5 # {trace_id="${'x'.repeat(121)}"} 1`,
        'hits_created 1.7e9',
        '# EOF',
        '',
      ].join('\n'),
      NOW,
    );
    expect([...batch.timestamps]).toEqual([1_700_000_001_500, 1_700_000_001_500, NOW, NOW]);
    expect(batch.metadata).toEqual([
      { name: 'took_seconds', type: 'histogram', help: 'It "took".', unit: 'seconds' },
      { name: 'hits', type: 'counter', help: '', unit: '' },
    ]);
    expect(batch.exemplars.map((one) => ({ ...one, labels: Object.fromEntries(one.labels) }))).toEqual([
      { series: 0, labels: { span_id: 'c', trace_id: 'ab' }, value: 0.25, timestamp: 1_700_000_000_125 },
      { series: 1, labels: {}, value: 7, timestamp: 1_700_000_001_500 },
    ]);
    expect(batch.exemplarsDropped).toBe(1);
  });

  it('takes any number of seconds as a time; beyond those of a date it is the nearest of them', () => {
    const { timestamps } = parseOpenMetrics('a 1 12345678901234567890.5\nb 1 -1e300\n# EOF\n', NOW);
    expect([...timestamps]).toEqual([8.64e15, -8.64e15]);
  });

  it.each([
    ['a 1\n', 'line 2, column 1: the text does not end with "# EOF"'],
    ['# EOF\na 1\n', 'line 2, column 1: something follows "# EOF"'],
    ['a 1 x\n# EOF\n', 'line 1, column 5: not a timestamp in seconds: "x"'],
    ['a 1 # 5\n# EOF\n', 'line 1, column 7: expected the labels of an exemplar, got "5"'],
    ['a 1 # {b="c"}\n# EOF\n', 'line 1, column 14: expected a value, got the end of the line'],
  ])('refuses %j', (text, message) => {
    expect(() => parseOpenMetrics(text, NOW)).toThrow(new WireError(message));
  });
});

describe('text exposition', () => {
  it('reads metadata, labels, escapes, values and timestamps', () => {
    const batch = parseExposition(
      [
        '# HELP hits All\\nhits \\\\.',
        '# TYPE hits counter',
        'hits{path="a\\"b\\\\c\\nd",empty="",} 1.5e3 1395066363000',
        'hits +Inf',
        '# TYPE old untyped',
        'hits\t{ } NaN\r',
        '{"http.hits", "host name"="x"} -Inf',
      ].join('\n'),
      NOW,
    );
    expect(batch.series.map((labels) => Object.fromEntries(labels))).toEqual([
      { __name__: 'hits', path: 'a"b\\c\nd' },
      { __name__: 'hits' },
      { __name__: 'hits' },
      { __name__: 'http.hits', 'host name': 'x' },
    ]);
    expect([...batch.values]).toEqual([1500, Infinity, Number.NaN, -Infinity]);
    expect([...batch.timestamps]).toEqual([1395066363000, NOW, NOW, NOW]);
    expect(batch.metadata).toEqual([
      { name: 'hits', type: 'counter', help: 'All\nhits \\.', unit: '' },
      { name: 'old', type: 'unknown', help: '', unit: '' },
    ]);
  });

  it('gives back any label value and any number', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((s) => s !== '');
    fc.assert(
      fc.property(value, fc.double({ noNaN: true }), (label, number) => {
        const escaped = label.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
        const batch = parseExposition(`m{l="${escaped}"} ${number}`, NOW);
        expect(batch.series[0]!.get('l')).toBe(label);
        expect(batch.values[0]).toBe(Number(String(number)));
      }),
    );
  });

  it.each([
    ['a 1\nb{x="1" 2', 'line 2, column 9: expected a name, got "2"'],
    ['a{x="1",x="2"} 1', 'line 1, column 1: a sample: duplicate label "x" in a series of "a"'],
    ['a', 'line 1, column 2: expected a value, got the end of the line'],
    ['a 0x1p3', 'line 1, column 3: not a number: "0x1p3"'],
    ['a 1 2 3', 'line 1, column 7: expected the end of the line, got "3"'],
    [
      'a 1 99999999999999999',
      'line 1, column 5: a sample: timestamp 100000000000000000 ms is out of range (±8640000000000000)',
    ],
    ['a{b="x\ny"} 1', 'line 1, column 5: a quoted text is not closed on its line'],
    ['{"a","b"} 1', 'line 1, column 6: a second metric name'],
    ['{a="b"} 1', 'line 1, column 1: expected a metric name'],
  ])('refuses %j', (text, message) => {
    expect(() => parseExposition(text, NOW)).toThrow(new WireError(message));
  });

  it('names what a type may be', () => {
    expect(() => parseExposition('# TYPE a bogus', NOW)).toThrow(
      /column 10: unknown metric type "bogus", expected one of counter/,
    );
  });
});
