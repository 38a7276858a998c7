import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ProtoReader } from '../../../wire/src/protobuf/reader.ts';
import { start } from '../../src/core/start.ts';
import { createProfiler, type Profile } from '../../src/profiles/profiler.ts';
import { cpuStacks } from '../../src/profiles/stacks.ts';

function profiler(options = {}) {
  const hub = start({ options, environment: {}, instrumentations: [], say: () => {} });
  return createProfiler(hub);
}

/** Keeps the processor busy under a name that a profile shows. */
function burnUntil(end: number): number {
  let sum = 0;
  while (performance.now() < end) for (let i = 0; i < 10_000; i++) sum += Math.sqrt(i);
  return sum;
}

function keepObjects(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ text: `object ${i}`, list: new Array(20).fill(i) }));
}

/** Does it again and again, so that some of it is within the profile whenever that begins. */
async function busyUntil(making: Promise<Profile>, work: () => void): Promise<Profile> {
  let made: Profile | undefined;
  const done = making.then((profile) => {
    made = profile;
  });
  while (!made) {
    work();
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 1))]);
  }
  return made;
}

type Fields = readonly { readonly field: number; readonly value: number | Uint8Array }[];

function fieldsOf(body: Uint8Array): Fields {
  const reader = new ProtoReader(body);
  const fields: { field: number; value: number | Uint8Array }[] = [];
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    fields.push({ field: tag >>> 3, value: (tag & 7) === 2 ? reader.bytes() : reader.int64() });
  }
  return fields;
}

function packedOf(body: Uint8Array): number[] {
  const reader = new ProtoReader(body);
  const values: number[] = [];
  while (reader.pos < reader.end) values.push(reader.int64());
  return values;
}

/** The stacks of a pprof profile by the names of their functions, innermost first, with their values. */
function decodePprof({ pprof }: Profile) {
  const fields = fieldsOf(gunzipSync(pprof));
  const messages = (field: number) =>
    fields.flatMap((one) => (one.field === field ? [fieldsOf(one.value as Uint8Array)] : []));
  const texts = fields.flatMap(({ field, value }) =>
    field === 6 ? [Buffer.from(value as Uint8Array).toString()] : [],
  );
  const number = (message: Fields, field: number) => (message.find((one) => one.field === field)?.value ?? 0) as number;
  const bytes = (message: Fields, field: number) => message.find((one) => one.field === field)!.value as Uint8Array;
  const functions = new Map(messages(5).map((message) => [number(message, 1), texts[number(message, 2)]]));
  const locations = new Map(
    messages(4).map((message) => [number(message, 1), functions.get(number(fieldsOf(bytes(message, 4)), 1))]),
  );
  return {
    types: messages(1).map((type) => [texts[number(type, 1)], texts[number(type, 2)]]),
    period: number(fields, 12),
    duration: number(fields, 10),
    first: texts[0],
    samples: messages(2).map((sample) => ({
      names: packedOf(bytes(sample, 1)).map((id) => locations.get(id)),
      values: packedOf(bytes(sample, 2)),
    })),
  };
}

describe('a profile', () => {
  it('of the processor shows who used it, as pprof and for the tools of browsers', async () => {
    const { profile, profiles, close } = profiler();
    const made = await busyUntil(profile({ kind: 'cpu', seconds: 0.6 }), () => burnUntil(performance.now() + 50));
    const { types, samples, period, duration, first } = decodePprof(made);
    expect([types, period, first]).toEqual([
      [
        ['samples', 'count'],
        ['cpu', 'nanoseconds'],
      ],
      10_000_000,
      '',
    ]);
    expect(duration).toBeGreaterThan(500_000_000);
    const total = (name: string) =>
      samples.filter(({ names }) => names.includes(name)).reduce((sum, { values }) => sum + values[1]!, 0);
    expect(total('burnUntil')).toBeGreaterThan(duration * 0.3);
    expect(total('burnUntil')).toBeLessThan(duration * 1.1);
    expect(total('(idle)')).toBe(0);
    expect(samples.every(({ names, values }) => names.every(Boolean) && values.length === 2)).toBe(true);
    const { nodes } = JSON.parse(await made.devtools()) as { nodes: { callFrame: { functionName: string } }[] };
    expect(nodes.some(({ callFrame }) => callFrame.functionName === 'burnUntil')).toBe(true);
    expect(profiles()).toEqual([made]);
    close();
  });

  it('of the heap shows who holds it', async () => {
    const { profile } = profiler();
    const held: object[] = [];
    const keep = () => void (held.length < 200 && held.push(keepObjects(5000)));
    const { types, samples } = decodePprof(await busyUntil(profile({ kind: 'heap', seconds: 1 }), keep));
    expect(types).toEqual([
      ['inuse_objects', 'count'],
      ['inuse_space', 'bytes'],
    ]);
    const own = samples.filter(({ names }) => names.includes('keepObjects'));
    expect(own.reduce((sum, { values }) => sum + values[1]!, 0)).toBeGreaterThan(5_000_000);
    expect(held.length).toBeGreaterThan(0);
  });

  it.each([
    0, 100,
  ])('is one at a time, bounded in number, and cut short when the library closes, %i ms later', async (wait) => {
    const { profile, profiles, isBusy, close } = profiler();
    const first = profile({ kind: 'cpu', seconds: 0.05 });
    expect(isBusy()).toBe(true);
    await expect(profile({ kind: 'heap' })).rejects.toThrow('another profile');
    await first;
    for (let i = 0; i < 8; i++) await profile({ kind: 'heap', seconds: 0.01 });
    expect(profiles().map(({ id }) => id)).toEqual([9, 8, 7, 6, 5, 4]);
    const before = performance.now();
    const cut = profile({ kind: 'cpu', seconds: 60 });
    await new Promise((resolve) => setTimeout(resolve, wait));
    close();
    await cut;
    expect(performance.now() - before).toBeLessThan(10_000);
    await expect(profile({ kind: 'cpu' })).rejects.toThrow('closed');
  });

  it('is refused for what cannot be', async () => {
    const { profile } = profiler();
    await expect(profile({ kind: 'disk' as never })).rejects.toThrow('kind is disk');
    for (const seconds of [0, -1, 121, Number.NaN]) {
      await expect(profile({ kind: 'cpu', seconds })).rejects.toThrow('seconds is');
    }
  });

  it('is made on a schedule', async () => {
    const { profiles, close } = profiler({ profileInterval: 0.2, profileDuration: 1 });
    const deadline = performance.now() + 10_000;
    while (profiles().length < 2 && performance.now() < deadline) await new Promise((next) => setTimeout(next, 50));
    close();
    expect(profiles().map(({ kind }) => kind)).toEqual(['heap', 'cpu']);
  });
});

describe('stacks', () => {
  const frame = (functionName: string) => ({ functionName, url: 'file:///a.js', lineNumber: 4, columnNumber: 2 });

  it('have the time until the next sample, and none of what was idle', () => {
    const nodes = [
      { id: 1, callFrame: frame('(root)'), children: [2, 4] },
      { id: 2, callFrame: frame('outer'), children: [3] },
      { id: 3, callFrame: frame('inner') },
      { id: 4, callFrame: frame('(idle)') },
    ];
    const profile = { nodes, startTime: 100, endTime: 160, samples: [3, 2, 4, 3], timeDeltas: [10, 10, 20, 10] };
    expect(
      cpuStacks(profile, 10).samples.map(({ frames, values }) => [frames.map((one) => one.functionName), values]),
    ).toEqual([
      [
        ['inner', 'outer'],
        [2, 20_000],
      ],
      [['outer'], [1, 20_000]],
    ]);
  });
});
