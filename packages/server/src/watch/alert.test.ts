import { describe, expect, it } from 'vitest';
import { type Alert, nextAlert } from './alert.ts';

const labels = new Map([['alertname', 'HighErrorRatio']]);
const times = { forMs: 60_000, keepFiringMs: 0 };

function run(steps: readonly (readonly [at: number, value: number | undefined])[], t = times): Alert | undefined {
  return steps.reduce<Alert | undefined>((alert, [at, value]) => nextAlert(alert, labels, value, at, t), undefined);
}

describe('an alert', () => {
  it('is pending until its condition held for the whole of `for`', () => {
    expect(
      run([
        [0, 1],
        [59_999, 1],
      ])?.state,
    ).toBe('pending');
    expect(
      run([
        [0, 1],
        [60_000, 1],
      ]),
    ).toMatchObject({ state: 'firing', activeAt: 0, firedAt: 60_000 });
  });

  it('fires at once without `for`', () => {
    expect(run([[5, 1]], { forMs: 0, keepFiringMs: 0 })?.state).toBe('firing');
  });

  it('is forgotten when it was only pending and the condition went away', () => {
    expect(
      run([
        [0, 1],
        [30_000, undefined],
      ]),
    ).toBeUndefined();
  });

  it('starts to count anew after the condition went away in between', () => {
    expect(
      run([
        [0, 1],
        [30_000, undefined],
        [60_000, 1],
        [90_000, 1],
      ])?.state,
    ).toBe('pending');
  });

  it('is resolved when it fired and the condition went away, and forgotten after a quarter of an hour', () => {
    const resolved = run([
      [0, 1],
      [60_000, 1],
      [75_000, undefined],
    ]);
    expect(resolved).toMatchObject({ state: 'resolved', resolvedAt: 75_000 });
    expect(nextAlert(resolved, labels, undefined, 75_000 + 900_000, times)?.state).toBe('resolved');
    expect(nextAlert(resolved, labels, undefined, 75_000 + 900_001, times)).toBeUndefined();
  });

  it('keeps firing for `keep_firing_for` after the condition went away', () => {
    const keep = { forMs: 0, keepFiringMs: 10_000 };
    expect(
      run(
        [
          [0, 1],
          [9_999, undefined],
        ],
        keep,
      )?.state,
    ).toBe('firing');
    expect(
      run(
        [
          [0, 1],
          [10_000, undefined],
        ],
        keep,
      )?.state,
    ).toBe('resolved');
  });
});
