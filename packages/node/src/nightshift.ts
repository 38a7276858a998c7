import { isDeepStrictEqual } from 'node:util';
import type { Options } from './config/keys.ts';
import type { Shown } from './config/load.ts';
import { createMeasure } from './core/measure.ts';
import { type Started, start } from './core/start.ts';
import { createDashboard, type DashboardOptions } from './dashboard/dashboard.ts';
import { createExporter } from './export/exporter.ts';
import { createFallback } from './fallback/fallback.ts';
import { createMetricsHandler, type MetricsOptions } from './handlers/metrics.ts';
import { createHealth } from './health/health.ts';
import { setRoute } from './http/route.ts';
import { instrumentations } from './instrumentations.ts';
import { hookModules, namesOf } from './modules/hooks.ts';
import { moduleInstrumentations } from './modules/index.ts';
import { createProfiler } from './profiles/profiler.ts';

/** What the parts are made from. */
interface Making {
  readonly started: Started;
  /** Called by `ns.close()`, the last one first; one that takes longer than a second is not waited for. */
  readonly onClose: (close: () => unknown) => void;
}

/** All that `ns` has; a new part is a line here. */
function partsOf({ started, onClose }: Making) {
  const exporter = createExporter(started, (message) => void process.stderr.write(`${message}\n`));
  // The first here is the last that is closed: the last push has what others do while they close.
  if (exporter) onClose(exporter.close);
  const profiler = createProfiler(started);
  onClose(profiler.close);
  const modules = hookModules(started, moduleInstrumentations);
  onClose(modules.undo);
  const dashboard = createDashboard(started, exporter && (() => exporter.status()));
  onClose(dashboard.close);
  return {
    /** Measures any own operation: duration, failures, a span, a place in the buffer. What `work` gives goes through. */
    measure: createMeasure(started),
    /** Every effective setting and where it came from: an option, a variable, or the default. */
    config: (): readonly Shown[] => started.shown,
    /** The operations that the buffer has, by kind: count, durations, the slow and the failed ones. */
    operations: () => started.recorder.kinds(),
    /** The registry of prom-client with all metrics, for metrics of the application's own. */
    registry: started.meters.registry,
    /**
     * For a package that no hook can see, as in a bundle: patches its exports and gives them back. `name` is that of the
     * package; it may be left out where the exports came by `require`.
     */
    instrument: modules.instrument,
    /** Names the route of a request where no framework does: by its template, `/users/:id`, never by what came. */
    route: setRoute,
    /** A page of what the process does, for those with the token or whom `check` lets in: a handler for any framework. */
    dashboard: (options?: DashboardOptions) => dashboard.handler(options),
    /** The metrics for Prometheus, for the same people or with `open: true` for all: a handler for any framework. */
    metrics: (options?: MetricsOptions) => createMetricsHandler(started, options),
    /** Pushes at once what waits for a push. Resolves when that is done or the receiver is away; never rejects. */
    flush: async (): Promise<void> => exporter?.flush(),
    /** What was pushed, waits and was dropped, by signal; empty where there is no `endpoint`. */
    pushes: () => exporter?.status() ?? [],
    /** Watches processor or heap for some seconds. Rejects while another profile is made. */
    profile: profiler.profile,
    /** The last profiles, the newest first: as pprof, and for the developer tools of browsers. */
    profiles: profiler.profiles,
    /** Handlers for /health/live and /health/ready. */
    health: createHealth(started),
    /** A function that asks several ways in turn, with a time-out, a circuit breaker, and the last good value. */
    fallback: createFallback(started),
  };
}

type Parts = Readonly<ReturnType<typeof partsOf>>;

export interface Nightshift extends Parts {
  /** Sends what waits to be sent, and takes everything back. Resolves within about a second. Idempotent, never rejects. */
  close(): Promise<void>;
}

interface Running {
  readonly ns: Nightshift;
  readonly options: Options;
}

/** One for the process, also if the library is loaded as ES module and as CommonJS. */
const place = globalThis as { [key: symbol]: Running | undefined };
const RUNNING = Symbol.for('@nightshift/node');

/**
 * Starts the library, once in a process; every further call gives the same. Options win over the environment. Throws
 * OptionsError for options that are not allowed, and an error for options that are not those of the first call.
 */
export function nightshift(options?: Options): Nightshift {
  const running = place[RUNNING];
  if (running) {
    if (options === undefined || isDeepStrictEqual(options, running.options)) return running.ns;
    throw new Error(tooLate(running.options, options));
  }
  const ns = startAll(options ?? {});
  Object.defineProperty(globalThis, RUNNING, { value: { ns, options: options ?? {} }, configurable: true });
  return ns;
}

function tooLate(before: Options, now: Options): string {
  const names = Object.keys({ ...before, ...now }) as (keyof Options)[];
  const different = names.filter((name) => !isDeepStrictEqual(before[name], now[name]));
  const from =
    Object.keys(before).length > 0
      ? 'with other options'
      : 'without options, as `@nightshift/node/register` does, from the environment';
  return `nightshift() was started ${from} before; what differs is ${different.join(', ')}. Give the options to the first call, or as variables; the others are called without any.`;
}

function startAll(options: Options): Nightshift {
  const started = start({
    options,
    environment: process.env,
    instrumentations,
    parts: [...instrumentations.map(({ name }) => name), ...moduleInstrumentations.flatMap(namesOf)],
    say: (message) => void process.stderr.write(`${message}\n`),
  });
  const closers: (() => unknown)[] = [];
  let closed: Promise<void> | undefined;
  const parts = partsOf({ started, onClose: (close) => void closers.push(close) });
  const close = async (): Promise<void> => {
    if (place[RUNNING]?.ns === ns) Reflect.deleteProperty(globalThis, RUNNING);
    for (const one of closers.reverse()) await withinASecond(started, one);
    started.stop();
  };
  const ns: Nightshift = {
    ...parts,
    close() {
      closed ??= close();
      return closed;
    },
  };
  return ns;
}

async function withinASecond({ guard }: Started, close: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1000);
    timer.unref();
  });
  try {
    await Promise.race([guard.run('close', close, undefined), late]);
  } catch (error) {
    guard.report('close', error);
  } finally {
    clearTimeout(timer);
  }
}
