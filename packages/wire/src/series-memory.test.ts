import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseExposition, parseOpenMetrics } from './exposition.ts';
import { SeriesMemory } from './series-memory.ts';

const NOW = 1_700_000_000_000;

const line = fc.constantFrom(
  'a 1',
  'a  {x="1"} 2',
  'ab 3',
  'a{x="1"} 4 5000',
  'a{x="1",y="2"} 5',
  'a{x="1"}6',
  'a\t7',
  'b{x=" } 1"} 8',
  '{"a",x="1"} 9',
  '# TYPE a gauge',
  '',
);
const texts = fc.array(
  fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`),
  { maxLength: 6 },
);

it('changes nothing about what is read', () => {
  fc.assert(
    fc.property(texts, (all) => {
      const memory = new SeriesMemory<number>();
      for (const text of all) {
        memory.begin();
        const { series, values, timestamps } = parseExposition(text, NOW, memory);
        const alone = parseExposition(text, NOW);
        expect(series).toEqual(alone.series);
        expect([...values]).toEqual([...alone.values]);
        expect(memory.current.map(({ labels }) => labels)).toEqual(alone.series);
        expect(memory.timed).toEqual([...timestamps].map((time) => time !== NOW));
        memory.keep();
      }
    }),
    { numRuns: 500 },
  );
});

it('gives the very same labels to a series that comes again, wherever it stands', () => {
  const memory = new SeriesMemory<string>();
  const read = (text: string) => {
    memory.begin();
    const { series } = parseOpenMetrics(text, NOW, memory);
    memory.keep();
    return series;
  };
  const first = read('a{x="1"} 1\nb 2\nc 3\n# EOF\n');
  const second = read('new 0\nb 2\nc 3\na{x="1"} 1\n# EOF\n');
  expect(second[1]).toBe(first[1]);
  expect(second[2]).toBe(first[2]);
  expect(second[3]).toBe(first[0]);
  expect(memory.size).toBe(4);
  read('c 3\n# EOF\n');
  expect(memory.size).toBe(1);
});

it('does not grow with texts that are refused', () => {
  const memory = new SeriesMemory<string>();
  for (let i = 0; i < 100; i++) {
    memory.begin();
    const text = Array.from({ length: 100 }, (_, k) => `a{x="${i * 100 + k}"} 1\n`).join('');
    expect(() => parseExposition(`${text}!`, NOW, memory)).toThrow();
    memory.giveUp();
  }
  expect(memory.size).toBeLessThan(1200);
});
