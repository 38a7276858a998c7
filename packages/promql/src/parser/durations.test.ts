import { describe, expect, it } from 'vitest';
import { PromqlTypeError } from '../engine/errors.ts';
import type { Duration, Expr } from './ast.ts';
import { resolveDuration, resolvePositive } from './durations.ts';
import { parse } from './parse.ts';

function rangeOf(text: string): Duration {
  const expr: Expr = parse(`x[${text}]`);
  if (expr.kind !== 'MatrixSelector') throw new Error(`no range selector: ${expr.kind}`);
  return expr.range;
}

const scope = { step: 15_000, range: 3_600_000 };

describe('resolveDuration', () => {
  it.each([
    ['5m', 300_000],
    ['90', 90_000],
    ['1.0015', 1001],
    ['5m + 60', 360_000],
    ['2 * 1h - 30m', 5_400_000],
    ['10s ^ 2', 100_000],
    ['2 ^ 3 ^ 2', 512_000],
    ['-5m + 10m', 300_000],
    ['(17 % 5) * 1m', 120_000],
    ['step() + 1', 16_000],
    ['range() / 2', 1_800_000],
    ['min_of(5m, range())', 300_000],
    ['max_of(step(), 1ms) * 2', 30_000],
    ['1s / 3', 333],
    ['(5m)', 300_000],
  ])('of %s is %d ms', (text, ms) => {
    expect(resolveDuration(rangeOf(text), scope)).toBe(ms);
    expect(resolvePositive(rangeOf(text), scope)).toBe(ms);
  });

  it.each([
    ['1m - 2m', '2:9: duration must be greater than 0'],
    ['step() - 15s', '2:14: duration must be greater than 0'],
    ['1m / (step() - 15)', '2:19: division by zero'],
    ['1m % (step() - 15)', '2:19: modulo by zero'],
    ['10 ^ 11', '2:9: duration is out of range'],
    ['10 ^ 400', '2:10: duration is NaN or infinite'],
    ['(0 - 8) ^ 0.5', '3:15: duration is NaN or infinite'],
  ])('refuses %s for a range: %s', (text, message) => {
    expect(() => resolvePositive(rangeOf(text), scope)).toThrow(new PromqlTypeError(message));
  });

  it('may be negative where it is an offset', () => {
    expect(resolveDuration(rangeOf('1m - 2m'), scope)).toBe(-60_000);
  });
});
