import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Head } from './head.ts';

const SERIES = 7;
const time = fc.integer({ min: 0, max: 400 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ insert: fc.array(time, { minLength: 1, maxLength: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ from: time, to: time }) },
);

describe('the head', () => {
  it('holds what was inserted and not deleted, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const head = new Head(1e6, Number.NEGATIVE_INFINITY);
        const model = new Map<number, number>();
        let value = 0;
        for (const one of steps) {
          if ('insert' in one) {
            for (const at of one.insert) {
              model.set(at, ++value);
              const [low, high] = new Uint32Array(new Float64Array([value]).buffer);
              head.insert(SERIES, at, low!, high!);
            }
          } else {
            head.delete(SERIES, one.from, one.to);
            for (const at of [...model.keys()]) if (at >= one.from && at <= one.to) model.delete(at);
          }
        }
        const expected = [...model].sort(([a], [b]) => a - b);
        const { timestamps, values } = head.read(SERIES, 0, 400);
        expect(Array.from(timestamps, (at, i) => [at, values[i]])).toEqual(expected);
        expect(head.samples).toBe(model.size);
        expect(head.has(SERIES, 0, 400)).toBe(model.size > 0);
        if (model.size === 0) expect(head.bytes).toBe(0);
      }),
    );
  });
});
