import { decodeWriteRequest, encodeWriteRequest, isStaleMarker, WriteMemory } from '@nightshift/wire';
import { describe, expect, it } from 'vitest';
import { SeriesIndex } from './series-index.ts';
import { SeriesNumbers } from './series-numbers.ts';

const sent = (...names: string[]) =>
  encodeWriteRequest(
    names.map((name, i) => ({
      labels: new Map([['__name__', name]]),
      samples: [
        { timestamp: i, value: i },
        { timestamp: i + 100, value: 0, stale: true },
      ],
      exemplars: [{ labels: new Map([['trace_id', name]]), value: i, timestamp: i }],
    })),
  );

describe('the limit of series', () => {
  it.each([undefined, new WriteMemory()])('refuses new ones beyond it, and known ones go on', (memory) => {
    const index = new SeriesIndex();
    const numbers = new SeriesNumbers(index, 2);
    const take = (...names: string[]) => {
      const batch = decodeWriteRequest(sent(...names), memory);
      memory?.remember(batch);
      return numbers.number(batch);
    };
    expect(take('a').refused).toBeUndefined();
    for (let again = 0; again < 3; again++) {
      const { batch, numbers: found, refused } = take('b', 'new', 'a', 'newer');
      expect(refused).toEqual({ series: 2, samples: 4, metric: 'new', most: 2 });
      expect([...found].map((number) => index.at(number).labels.get('__name__'))).toEqual(['b', 'a']);
      expect([...batch.seriesIndex]).toEqual([0, 0, 1, 1]);
      expect([...batch.timestamps]).toEqual([0, 100, 2, 102]);
      expect([0, 1, 2, 3].map((i) => isStaleMarker(batch.values, i))).toEqual([false, true, false, true]);
      expect(batch.exemplars.map(({ series, labels }) => [series, labels.get('trace_id')])).toEqual([
        [0, 'b'],
        [1, 'a'],
      ]);
    }
    expect(index.size).toBe(2);
    expect(take('a', 'b').refused).toBeUndefined();
  });
});
