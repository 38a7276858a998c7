/**
 * This tracer behind `@opentelemetry/api`: spans that the application, a framework or a package makes with that API are in
 * the same traces as those of the library. Where another SDK has registered itself, or does so later, that one is used.
 */
import type { ContextManager, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import * as ownCopy from '@opentelemetry/api';
import type { Hub, Instrumentation, ModuleInstrumentation } from '../core/hub.ts';
import { createContextManager } from './otel-context.ts';
import { propagator } from './otel-propagator.ts';
import { createApiTracer } from './otel-spans.ts';

/** Where all copies of the API, of whatever version 1, look for what is registered (its internal/global-utils.ts). */
const PLACE = Symbol.for('opentelemetry.js.api.1');
/** A copy takes what was registered by one of its own minor version or a later one. */
const VERSION = '1.99.0';

interface Registered {
  trace: TracerProvider;
  context: ContextManager;
  propagation: TextMapPropagator;
}

type Place = Partial<Registered> & { version?: string };

type Global = { [PLACE]?: Place };

const place = globalThis as Global;
const kinds = ['trace', 'context', 'propagation'] as const;

class Registration {
  private isIn = false;
  private made: Place | undefined;

  constructor(readonly parts: Registered) {}

  /** Whether it is in: not where somebody else is. */
  enter(): boolean {
    const there = place[PLACE];
    if (there && kinds.some((kind) => there[kind])) return false;
    if (!there) this.made = { version: VERSION };
    place[PLACE] = Object.assign(there ?? this.made ?? {}, this.parts);
    this.isIn = true;
    return true;
  }

  /** Takes only its own away, and all if there is nothing else: another copy registers only beside its own version. */
  leave(): boolean {
    const there = place[PLACE];
    if (!this.isIn || !there) return false;
    this.isIn = false;
    for (const kind of kinds) if (there[kind] === this.parts[kind]) delete there[kind];
    if (there === this.made && Object.keys(there).every((key) => key === 'version')) delete place[PLACE];
    return true;
  }
}

const registrations = new WeakMap<Hub['tracer'], Registration>();

export const openTelemetryApi: Instrumentation = {
  name: 'opentelemetry',
  install(hub) {
    const { tracer, guard } = hub;
    const contexts = createContextManager(tracer, guard);
    const apiTracer = createApiTracer(tracer, contexts, guard);
    const registration = new Registration({
      trace: { getTracer: () => apiTracer },
      context: contexts,
      propagation: propagator,
    });
    if (!registration.enter()) {
      process.stderr.write(
        '@nightshift/node: another SDK of OpenTelemetry is registered; it is left alone, and its spans are not those of this library.\n',
      );
      return () => {};
    }
    registrations.set(tracer, registration);
    const unpatch = makeWay(ownCopy, registration);
    return () => {
      unpatch();
      registration.leave();
      registrations.delete(tracer);
    };
  },
};

/** Copies of the API that the application and its packages load. */
export const openTelemetryApiModule: ModuleInstrumentation = {
  module: '@opentelemetry/api',
  patch(exports, hub) {
    const registration = registrations.get(hub.tracer);
    return registration ? makeWay(exports as Api, registration) : () => {};
  },
};

type Api = Pick<typeof ownCopy, 'trace' | 'context' | 'propagation' | 'diag' | 'metrics'>;

/**
 * Whoever registers through this copy finds the place free: what it registers is used from then on, and where that is
 * something else than spans, both are. Tracers that were asked for before get spans of this library.
 */
function makeWay(api: Api, registration: Registration): () => void {
  const undo: (() => void)[] = [];
  const before = (target: object | undefined, name: string, comesBack: boolean) => {
    const original = (target as Record<string, unknown> | undefined)?.[name];
    if (!target || typeof original !== 'function') return;
    const own = function (this: unknown, ...values: unknown[]): unknown {
      const wasIn = registration.leave();
      try {
        return Reflect.apply(original, this, values);
      } finally {
        if (comesBack && wasIn) registration.enter();
      }
    };
    Object.defineProperty(own, 'name', { value: name, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value: own, configurable: true, writable: true, enumerable: false });
    undo.push(() => {
      if ((target as Record<string, unknown>)[name] !== own) return;
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    });
  };
  before(api.trace, 'setGlobalTracerProvider', false);
  before(api.context, 'setGlobalContextManager', false);
  before(api.propagation, 'setGlobalPropagator', false);
  before(api.diag, 'setLogger', true);
  before(api.metrics, 'setGlobalMeterProvider', true);
  // Versions from 1.10 on have it here.
  before((api as { readonly logs?: object }).logs, 'setGlobalLoggerProvider', true);
  const { _proxyTracerProvider: proxy } = api.trace as unknown as {
    readonly _proxyTracerProvider?: { setDelegate?(provider: TracerProvider): void };
  };
  proxy?.setDelegate?.(registration.parts.trace);
  return () => {
    for (const back of undo.reverse()) back();
  };
}
