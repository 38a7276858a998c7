import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../core/guard.ts';
import { createTracer, type FinishedSpan, type TracerOptions } from './own-tracer.ts';
import { parseTraceparent } from './traceparent.ts';

function tracerWith(options: Partial<TracerOptions> = {}) {
  const spans: FinishedSpan[] = [];
  const guard = createGuard(() => {});
  const tracer = createTracer({ rate: 1, finished: (span) => spans.push(span), guard, ...options });
  return { tracer, spans, guard };
}

describe('a span', () => {
  it('is the child of the active one, across what is awaited, and not beside it', async () => {
    const { tracer, spans } = tracerWith();
    const outer = tracer.start('GET /', 'server');
    await tracer.run(outer, async () => {
      await sleep(1);
      tracer.start('SELECT users', 'client').end();
    });
    expect(tracer.active()).toBeUndefined();
    tracer.start('elsewhere', 'internal').end();
    outer.end();
    const [inner, other, first] = spans;
    expect(inner).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId, kind: 'client' });
    expect(other?.traceId).not.toBe(outer.traceId);
    expect(first).toMatchObject({ name: 'GET /', parentSpanId: '' });
    expect(first!.end).toBeGreaterThan(first!.start);
  });

  it('ends once, keeps its error, and is bounded', () => {
    const { tracer, spans } = tracerWith();
    const span = tracer.start('x', 'internal');
    for (let i = 0; i < 1000; i++) span.set(`a${i}`, 'v'.repeat(10_000));
    span.fail(new TypeError('no such thing'));
    span.end();
    span.end();
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({ failed: true, message: 'no such thing', exception: { type: 'TypeError' } });
    expect(spans[0]?.attributes.size).toBe(128);
    expect(spans[0]?.attributes.get('a0')).toHaveLength(4096);
  });

  it('takes an error whose getters throw', () => {
    const { tracer, spans, guard } = tracerWith();
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('from a getter');
      },
    });
    const span = tracer.start('x', 'internal');
    span.fail(hostile);
    span.end();
    expect(spans[0]).toMatchObject({ failed: true });
    expect(guard.counts().get('span.fail')).toBe(1);
  });

  it('is sampled at the rate, whole traces at a time, and as was decided elsewhere', () => {
    let next = 0;
    const { tracer, spans } = tracerWith({ rate: 0.1, random: () => (next++ % 10) / 10 });
    for (let i = 0; i < 100; i++) {
      const root = tracer.start('root', 'server');
      tracer.run(root, () => tracer.start('child', 'internal').end());
      root.end();
    }
    expect(spans).toHaveLength(20);
    const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const continued = tracer.start('root', 'server', tracer.extract(header));
    expect(continued).toMatchObject({ sampled: true, traceId: '0af7651916cd43dd8448eb211c80319c' });
    const declined = tracer.start('root', 'server', tracer.extract(header.replace(/01$/, '00')));
    expect(tracer.inject(declined)).toBe(`00-0af7651916cd43dd8448eb211c80319c-${declined.spanId}-00`);
  });
});

it('samples no new trace while nobody takes spans, and carries on what was decided elsewhere', () => {
  let heard = false;
  const { tracer } = tracerWith({ isHeard: () => heard });
  expect(tracer.start('a', 'server').sampled).toBe(false);
  const from = tracer.extract('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  expect(tracer.start('a', 'server', from).sampled).toBe(true);
  heard = true;
  expect(tracer.start('a', 'server').sampled).toBe(true);
});

const vectors = '../shared/conformance/w3c-trace-context/vectors.json';

describe('traceparent', () => {
  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-is-to-come', true],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', false],
    ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
    ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
    ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', false],
    ['', false],
  ])('%s is taken: %s', (header, taken) => {
    expect(parseTraceparent(header) !== undefined).toBe(taken);
  });

  it.skipIf(!existsSync(vectors))('is taken or left as the working group says (shared/conformance)', () => {
    const judged = (JSON.parse(readFileSync(vectors, 'utf8')) as Vector[]).flatMap(judgements);
    expect(judged.length).toBeGreaterThan(10);
    for (const { header, traceId, same } of judged) {
      expect(parseTraceparent(header)?.traceId === traceId, header).toBe(same);
    }
  });
});

interface Vector {
  readonly requests: readonly { readonly headers?: unknown }[];
  readonly asserts: readonly string[];
}

/** Of a vector with one header `traceparent`: whether its trace is to go on. */
function judgements({ requests, asserts }: Vector): { header: string; traceId: string; same: boolean }[] {
  // Some are written as code of the working group's test; those are not looked at.
  const sent = requests
    .flatMap(({ headers }) => (Array.isArray(headers) ? (headers as [string, string][]) : []))
    .filter(([name]) => name.toLowerCase() === 'traceparent');
  if (requests.length !== 1 || sent.length !== 1) return [];
  return asserts.flatMap((text) => {
    const found = /^self\.assert(Not)?Equal\(traceparent\.trace_id\.hex\(\), '([0-9a-f]{32})'\)$/.exec(text);
    return found ? [{ header: sent[0]![1], traceId: found[2]!, same: found[1] === undefined }] : [];
  });
}
