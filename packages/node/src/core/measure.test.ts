import { describe, expect, it } from 'vitest';
import { createMeasure } from './measure.ts';
import { start } from './start.ts';

function started(options = {}) {
  const said: string[] = [];
  const hub = start({ options, environment: {}, instrumentations: [], say: (text) => said.push(text) });
  return { hub, said, measure: createMeasure(hub) };
}

describe('measure', () => {
  it('gives back what the work gives, of whatever kind, and counts it', async () => {
    const { hub, measure } = started();
    expect(await measure('upload', { bucket: 'a' }, () => Promise.resolve(7))).toBe(7);
    let begun = false;
    const builder = {
      // biome-ignore lint/suspicious/noThenProperty: as query builders have it
      then: () => {
        begun = true;
      },
    };
    expect(measure('build', {}, () => builder, 'builder')).toBe(builder);
    expect(begun).toBe(false);
    expect(measure('render', {}, () => 'text', 'render')).toBe('text');
    const error = new Error('no');
    expect(() =>
      measure('upload', {}, () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(measure('upload', {}, () => Promise.reject(error))).rejects.toBe(error);
    const kinds = hub.recorder.kinds();
    expect(kinds.map(({ kind, total }) => [kind, total.count, total.failed])).toEqual([
      ['operation', 3, 2],
      ['builder', 1, 0],
      ['render', 1, 0],
    ]);
    expect(await hub.meters.registry.metrics()).toContain('operation="upload",outcome="error"} 2');
  });

  it('works as if it were absent when every part of the library fails', async () => {
    const { hub, measure, said } = started();
    hub.guard.inject = (place) => {
      throw new Error(`injected in ${place}`);
    };
    expect(measure('x', {}, () => 1)).toBe(1);
    expect(await measure('x', {}, async () => 2)).toBe(2);
    expect(measure('x', {}, () => 3)).toBe(3);
    expect(said.filter((text) => text.includes('measure.start'))).toHaveLength(1);
    expect(hub.guard.counts().get('measure.start')).toBe(3);
  });

  it('lets an unhandled rejection be one', async () => {
    const { measure } = started();
    const seen: unknown[] = [];
    const listener = (reason: unknown) => seen.push(reason);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
    void measure('x', {}, () => Promise.reject('nobody looks'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.removeListener('unhandledRejection', listener);
    for (const other of others) process.on('unhandledRejection', other);
    expect(seen).toEqual(['nobody looks']);
  });

  it('does nothing when it is disabled', async () => {
    const { hub, measure } = started({ enabled: false });
    expect(measure('x', {}, () => 1)).toBe(1);
    expect(hub.recorder.kinds()).toEqual([]);
  });
});
