import { context, createContextKey, diag, metrics, propagation, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { start } from '../core/start.ts';
import { openTelemetryApi } from './otel-api.ts';
import type { FinishedSpan } from './own-tracer.ts';
import { onSpanAttribute } from './span-attributes.ts';

const PLACE = Symbol.for('opentelemetry.js.api.1');
const undo: (() => void)[] = [];
afterEach(() => {
  for (const back of undo.splice(0).reverse()) back();
  Reflect.deleteProperty(globalThis, PLACE);
});

function started(traceRate = 1) {
  const hub = start({
    options: { traceRate },
    environment: {},
    instrumentations: [openTelemetryApi],
    say: () => {},
  });
  undo.push(hub.stop);
  const spans: FinishedSpan[] = [];
  hub.onSpan((span) => spans.push(span));
  return { ...hub, spans };
}

describe('the API of OpenTelemetry', () => {
  it('makes spans in the traces of the library, and the other way round, across what is awaited', async () => {
    const { tracer, spans } = started();
    const outer = tracer.start('GET /', 'server');
    await tracer.run(outer, async () => {
      await trace.getTracer('app').startActiveSpan('checkout', { kind: SpanKind.CLIENT }, async (span) => {
        await Promise.resolve();
        expect(trace.getActiveSpan()).toBe(span);
        span.setAttributes({ cart: 3, tags: ['a', 'b'] }).addEvent('paid', { by: 'card' });
        span.recordException(new TypeError('no'));
        span.setStatus({ code: 2, message: 'declined' });
        tracer.start('SELECT', 'client').end();
        span.end();
      });
      expect(trace.getActiveSpan()?.spanContext().spanId).toBe(outer.spanId);
    });
    outer.end();
    expect(trace.getActiveSpan()).toBeUndefined();
    const [select, checkout] = spans;
    expect(checkout).toMatchObject({ parentSpanId: outer.spanId, kind: 'client', failed: true, message: 'declined' });
    expect(checkout!.events.map(({ name }) => name)).toEqual(['paid', 'exception']);
    expect(Object.fromEntries(checkout!.attributes)).toEqual({ cart: 3, tags: ['a', 'b'] });
    expect(select).toMatchObject({ parentSpanId: checkout!.spanId, traceId: outer.traceId });
  });

  it('takes times, links and a root as they are given', () => {
    const { tracer, spans } = started();
    const outer = tracer.start('outer', 'internal');
    const other = trace.getTracer('x').startSpan('other');
    tracer.run(outer, () => {
      const links = [{ context: other.spanContext(), attributes: { why: 'test' } }];
      const span = trace.getTracer('x').startSpan('root', { root: true, startTime: [1_700_000_000, 5_000_000], links });
      span.end(new Date(1_700_000_001_000));
    });
    const [root] = spans;
    expect(root).toMatchObject({ parentSpanId: '', start: 1_700_000_000_005, end: 1_700_000_001_000 });
    expect(root!.traceId).not.toBe(outer.traceId);
    expect(root!.links).toMatchObject([{ ids: { spanId: other.spanContext().spanId } }]);
  });

  it('keeps the context of the application, also through spans of the library', async () => {
    const { tracer } = started();
    const key = createContextKey('own');
    await context.with(context.active().setValue(key, 7), async () => {
      const span = tracer.start('x', 'internal');
      await tracer.run(span, async () => {
        await Promise.resolve();
        expect(context.active().getValue(key)).toBe(7);
        expect(trace.getActiveSpan()?.spanContext().spanId).toBe(span.spanId);
      });
      expect(trace.getActiveSpan()).toBeUndefined();
    });
    const bound = context.bind(context.active().setValue(key, 8), (a: number, b: number) => [
      a + b,
      context.active().getValue(key),
    ]);
    expect(bound(1, 2)).toEqual([3, 8]);
    expect(bound).toHaveLength(2);
    const error = new Error('x');
    expect(() =>
      context.with(context.active(), () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it('goes on with a trace of elsewhere, with its state and baggage, and hands them on', () => {
    const { spans } = started(0);
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'vendor=1',
      baggage: 'user=ada%20l;p=1,broken',
    };
    const out: Record<string, string> = {};
    context.with(propagation.extract(context.active(), headers), () => {
      trace.getTracer('x').startActiveSpan('x', (span) => {
        propagation.inject(context.active(), out);
        span.end();
      });
    });
    expect(spans).toMatchObject([{ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' }]);
    expect(out).toEqual({
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${spans[0]!.spanId}-01`,
      tracestate: 'vendor=1',
      baggage: 'user=ada%20l;p=1',
    });
  });

  it.each([0, 1])('tells of an attribute, at a rate of %s', (rate) => {
    started(rate);
    const routes: unknown[] = [];
    undo.push(onSpanAttribute('next.route', (route) => void routes.push(route)));
    const span = trace.getTracer('next.js').startSpan('handle');
    expect(span.isRecording()).toBe(rate === 1);
    span.setAttributes({ 'next.route': '/users/[id]' });
    expect(routes).toEqual(['/users/[id]']);
  });

  it('never throws, whatever fails inside', () => {
    const { guard } = started();
    guard.inject = () => {
      throw new Error('injected');
    };
    const work = (span: { end(): void }) => {
      span.end();
      return 5;
    };
    expect(trace.getTracer('x').startActiveSpan('x', work)).toBe(5);
    expect(context.with(context.active(), () => 6)).toBe(6);
    guard.inject = undefined;
  });
});

describe('another SDK', () => {
  const parts = () => Object.keys((globalThis as { [PLACE]?: object })[PLACE] ?? {}).sort();

  it('that is there is left alone', () => {
    const none = { startSpan: () => trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }) };
    expect(trace.setGlobalTracerProvider({ getTracer: () => none as never })).toBe(true);
    undo.push(() => trace.disable());
    const { spans } = started();
    trace.getTracer('x').startSpan('x').end();
    expect(spans).toEqual([]);
    expect(parts()).toEqual(['trace', 'version']);
  });

  it('that comes later finds the place free', () => {
    const { spans } = started();
    expect(parts()).toEqual(['context', 'propagation', 'trace', 'version']);
    const made: string[] = [];
    const provider = {
      getTracer: (name: string) => {
        made.push(name);
        return { startSpan: () => trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }) };
      },
    };
    expect(trace.setGlobalTracerProvider(provider as never)).toBe(true);
    undo.push(() => trace.disable());
    trace.getTracer('theirs').startSpan('x').end();
    expect(made).toEqual(['theirs']);
    expect(spans).toEqual([]);
  });

  it('for metrics or diagnosis alone stands beside this one', () => {
    const { spans } = started();
    expect(diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} })).toBe(true);
    expect(metrics.setGlobalMeterProvider({ getMeter: () => ({}) as never })).toBe(true);
    undo.push(() => {
      diag.disable();
      metrics.disable();
    });
    trace.getTracer('x').startSpan('x').end();
    expect(spans).toHaveLength(1);
  });

  it('finds nothing left after the library has gone', () => {
    started().stop();
    expect(parts()).toEqual([]);
  });
});
