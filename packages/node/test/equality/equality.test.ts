/**
 * The promise of the library: with it and without it, the bytes on the wire are equal, and the application sees the same.
 * Then again while errors are injected at its every place.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNext, bundle, makeFiles } from './build.ts';
import type { Report } from './child.ts';
import { differences, type Seen, withNames } from './compare.ts';
import { exchanges } from './exchanges.ts';
import { driveHttp2, http2Exchanges } from './http2-wire.ts';
import { drive, type Place, type Running, run } from './run.ts';
import type { Exchange, Transcript } from './wire.ts';

let place: Place;
const { folder: files, remove } = makeFiles();
const nextFolder = join(files, '../next');
let built = '';
/** Why there is no application of Next, if there is none. Built while the others are looked at. */
let noNext: Promise<string | undefined>;

beforeAll(async () => {
  noNext = buildNext(nextFolder).catch(String);
  built = await bundle();
  place = { built, files, environment: { EQUALITY_NEXT: nextFolder } };
});

afterAll(async () => {
  await noNext;
  rmSync(built, { recursive: true, force: true });
  remove();
});

type Drive = (child: Running, some: readonly Exchange[]) => Promise<ReadonlyMap<string, Transcript>>;

const driveOf = (app: string): Drive =>
  app === 'http2' ? ({ port }) => driveHttp2(port) : ({ port }, some) => drive(port, app === 'node-tls', some);

/** Drives these exchanges at a running application, and waits until it has seen the last ends. */
async function look(app: string, child: Running, some: readonly Exchange[]): Promise<Seen & Report> {
  const transcripts = await driveOf(app)(child, some);
  await sleep(40);
  const report = await child.order();
  return { transcripts, ...report, notes: withNames(report.notes, transcripts) };
}

async function lookOnce(app: string, mode: string, some = exchanges): Promise<Seen & Report> {
  const child = await run(app, mode, place);
  return look(app, child, some).finally(child.stop);
}

/** None is to be left; what differs is looked at once more, as there is time in what is compared. */
async function expectNone(compare: () => Promise<readonly string[]>, where = ''): Promise<void> {
  const found = await compare();
  const again = found.length === 0 ? found : await compare();
  const still = again.filter((one) => found.some((before) => nameIn(before) === nameIn(one)));
  expect({ where, differences: still }).toEqual({ where, differences: [] });
}

/** The name of the exchange in a line about a difference. */
const nameIn = (difference: string): string => difference.split('\n', 1)[0]?.replace(/" ?(:|saw).*$/, '') ?? '';

const expectEqual = (app: string): Promise<void> =>
  expectNone(async () => {
    const without = await lookOnce(app, 'absent');
    const { transcripts } = without;
    expect([...transcripts].filter(([, { ended }]) => ended === 'time-out').map(([name]) => name)).toEqual([]);
    expect([...transcripts.values()].filter(({ bytes }) => bytes.startsWith('HTTP/1.1 20')).length).toBeGreaterThan(90);
    return differences(exchanges, without, await lookOnce(app, 'present'));
  });

describe('with the library', () => {
  it('there are over 200 exchanges, each with its own name', () => {
    expect(new Set(exchanges.map(({ name }) => name)).size).toBe(exchanges.length);
    expect(exchanges.length).toBeGreaterThan(200);
  });

  it('a library that meddles is found out', async () => {
    const without = await lookOnce('node', 'absent');
    const found = differences(exchanges, without, await lookOnce('node', 'meddling'));
    const named = found.map(nameIn);
    for (const name of [
      'bytes of "GET text',
      'bytes of "GET objects',
      'bytes of "HEAD small.txt whole',
      'what "GET slow',
    ]) {
      expect(named).toContain(name);
    }
  });

  const apps = ['node', 'node-tls', 'express', 'express4', 'fastify', 'koa', 'hono', 'nest-express', 'nest-fastify'];
  it.each(apps)('%s sends the same bytes, and the application sees the same', expectEqual, 60_000);

  it('http2 sends the same frames, and the application sees the same', async () => {
    await expectNone(async () => {
      const without = await lookOnce('http2', 'absent', http2Exchanges);
      expect(without.transcripts.size).toBe(http2Exchanges.length);
      return differences(http2Exchanges, without, await lookOnce('http2', 'present', http2Exchanges));
    });
  });

  it('next sends the same bytes, and the application sees the same', async (context) => {
    const why = await noNext;
    context.skip(why !== undefined, why);
    await expectEqual('next');
  }, 240_000);
});

/** Some of each sort; the errors are the same in all. */
const some = exchanges.filter((_, place) => place % 4 === 0 || place > exchanges.length - 60);
const few = some.filter((_, place) => place % 3 === 0);

describe('with errors injected', () => {
  it.each([
    ['node', some],
    ['express', some],
    ['fastify', some],
    ['http2', http2Exchanges],
  ] as const)(
    'at every place in turn that requests come to, and at all at once, %s does the same',
    async (app, asked) => {
      let expected = await lookOnce(app, 'absent', asked);
      const child = await run(app, 'present', place);
      try {
        await child.order();
        const { places } = await look(app, child, asked);
        expect(places.length).toBeGreaterThan(8);
        for (const inject of [...places, '*']) {
          const before = (await child.order({ inject })).errors;
          let seen = await look(app, child, asked);
          await expectNone(async () => {
            const found = differences(asked, expected, seen);
            if (found.length > 0) {
              expected = await lookOnce(app, 'absent', asked);
              seen = await look(app, child, asked);
            }
            return found;
          }, inject);
          // Some are come to once in the life of a process, below.
          if (inject !== '*' && !seen.places.includes(inject)) continue;
          const counted = Object.keys(seen.errors).filter((one) => seen.errors[one]! > (before[one] ?? 0));
          expect(counted).toEqual(inject === '*' ? expect.arrayContaining(['http2.server.connection']) : [inject]);
        }
      } finally {
        await child.stop();
      }
    },
    120_000,
  );

  it.each([
    'node',
    'express',
    'fastify',
  ])('from the start on at every place in turn that is come to once, and at all at once, %s does the same', async (app) => {
    let expected = await lookOnce(app, 'absent', few);
    const started = await run(app, 'present', place);
    const atStart = (await started.order()).places;
    const atFirst = (await look(app, started, few)).places;
    const later = (await look(app, started, few).finally(started.stop)).places;
    expect(atStart).toContain('install.http');
    const waiting = [...atStart, ...atFirst.filter((at) => !later.includes(at)), '*'];
    const work = async () => {
      for (let at = waiting.shift(); at; at = waiting.shift()) {
        await expectNone(async () => {
          const seen = await lookOnce(app, `inject:${at}`, few);
          expect(seen.errors[at === '*' ? 'install.http' : at], at).toBeGreaterThan(0);
          const found = differences(few, expected, seen);
          if (found.length > 0) expected = await lookOnce(app, 'absent', few);
          return found;
        }, at);
      }
    };
    await Promise.all([work(), work()]);
  }, 120_000);
});

/** Megabytes. */
const HUGE = 2500;

describe('a body of gigabytes', () => {
  it('passes whole, in bounded memory', async () => {
    const child = await run('node', 'present', place);
    const before = (await child.order()).memory;
    const received = await countBody(child.port, `/raw/huge/${HUGE}`);
    const { memory, notes } = await child.order();
    await child.stop();
    expect(received).toBe(HUGE * 1_048_576);
    expect(Object.values(notes).flat()).toContain(`${HUGE} writes were refused`);
    expect(memory - before).toBeLessThan(150 * 1_048_576);
  }, 60_000);
});

/** Bytes of the body that came for a target. */
async function countBody(port: number, target: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${target}`, { headers: { 'x-exchange': 'huge' } });
  let bytes = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
  return bytes;
}
