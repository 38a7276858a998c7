import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Guard } from '../core/guard.ts';
import { apiSpanOf, ownSpanOf } from './otel-spans.ts';
import type { Span, Tracer } from './tracer.ts';

/**
 * The context of the API. Which span is active the tracer alone knows, so that its spans and those of the API are parents
 * of one another; beside it, and only for code that sets a context, is what else the context has.
 */
export function createContextManager(tracer: Tracer, guard: Guard): ContextManager {
  const rest = new AsyncLocalStorage<Context>();
  const active = (): Context => {
    const context = rest.getStore() ?? ROOT_CONTEXT;
    const own = tracer.active();
    const known = trace.getSpan(context);
    if (!own) return known ? trace.deleteSpan(context) : context;
    const api = apiSpanOf(own, guard);
    return api === known ? context : trace.setSpan(context, api);
  };
  const spanIn = (context: Context): Span | undefined => {
    const api = trace.getSpan(context);
    return api && ownSpanOf(api);
  };
  const manager: ContextManager = {
    active: () => guard.run('otel.active', active, ROOT_CONTEXT),
    with(context, work, self, ...values) {
      const span = guard.run('otel.with', () => spanIn(context), undefined);
      return tracer.run(span, () => rest.run(context, () => Reflect.apply(work, self, values)));
    },
    /** Of functions; an emitter is given back as it is, and its listeners run where it emits. */
    bind(context, target) {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...values: unknown[]): unknown {
        return manager.with(context, () => Reflect.apply(target, this, values));
      };
      Object.defineProperty(bound, 'length', { value: target.length, configurable: true });
      return bound as typeof target;
    },
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
