import { describe, expect, it } from 'vitest';
import { foldReleaseEvent } from './fold-release-event.ts';
import { badReleaseEvents, numbered, release, T0, verdict } from './testing/bad-release.ts';

const fold = (r: ReturnType<typeof release>, events: ReturnType<typeof numbered>) => events.reduce(foldReleaseEvent, r);

describe('a release, folded over gateway events', () => {
  it('goes live, is judged bad and is rolled back, at the times of the events', () => {
    const after = fold(release('v2'), badReleaseEvents());
    expect(after).toMatchObject({ state: 'rolled-back', liveAt: T0 + 5_700, endedAt: T0 + 8_700 });
    expect(after.verdict?.decision).toBe('bad');
  });

  it('is superseded by its successor and good again when that is rolled back', () => {
    const v1 = release('v1', { state: 'good', liveAt: T0 - 1e6 });
    const events = badReleaseEvents();
    const live = events.findIndex(({ kind }) => kind === 'release.live');
    expect(fold(v1, events.slice(0, live + 1)).state).toBe('superseded');
    expect(fold(v1, events)).toMatchObject({ state: 'good', endedAt: null });
  });

  it('is promoted by a good verdict and fails when it never starts', () => {
    const good = numbered([
      { kind: 'release.live', at: T0, previous: null, startedInMs: 5 },
      { kind: 'release.promoted', at: T0 + 9, verdict: verdict({ decision: 'good', test: 'none' }) },
    ]);
    expect(fold(release('v2'), good).state).toBe('good');
    expect(fold(release('v2'), numbered([{ kind: 'release.failed', at: T0, reason: 'exit 1' }]))).toMatchObject({
      state: 'failed',
      stateReason: 'exit 1',
    });
  });

  it('is the same object after an event that changes nothing, and after every repetition', () => {
    let current = release('v2');
    for (const event of badReleaseEvents()) {
      current = foldReleaseEvent(current, event);
      expect(foldReleaseEvent(current, event)).toBe(current);
    }
    expect(foldReleaseEvent(current, { ...badReleaseEvents()[2]!, service: 'other' })).toBe(current);
  });
});
