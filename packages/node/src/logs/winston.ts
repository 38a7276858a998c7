/** Records of winston as its logger passes them to its transports, after the logger's own formats. */
import type { Hub, ModuleInstrumentation } from '../core/hub.ts';
import { replaceMethod } from '../core/wrap.ts';
import { emitLine } from './emit.ts';
import { severities } from './record.ts';
import { attributesOf, ownValue, sizeOf, textOf } from './shown.ts';

/** The keys of triple-beam. */
const LEVEL = Symbol.for('level');

const SKIPPED: ReadonlySet<string> = new Set(['level', 'message', 'timestamp']);

/** The names of npm, syslog and command lines. */
const SEVERITIES: Readonly<Record<string, number>> = {
  silly: severities.trace,
  trace: severities.trace,
  debug: severities.debug,
  verbose: severities.debug,
  http: severities.info,
  input: severities.info,
  data: severities.info,
  info: severities.info,
  notice: severities.info + 1,
  warn: severities.warn,
  warning: severities.warn,
  error: severities.error,
  crit: severities.error + 1,
  alert: severities.error + 2,
  emerg: severities.fatal,
  fatal: severities.fatal,
};

interface Transport {
  readonly level?: string;
  readonly silent?: boolean;
}

interface Logger {
  readonly level?: string;
  readonly levels?: Readonly<Record<string, number>>;
  readonly transports?: readonly Transport[];
}

export const winstonLogs: ModuleInstrumentation = {
  module: 'winston',
  patch(exports, hub) {
    const module = exports as { readonly Logger?: { prototype: object }; readonly default?: typeof module };
    const prototype = (module.Logger ?? module.default?.Logger)?.prototype;
    if (!prototype || !hub.settings.logs) return () => {};
    return replaceMethod(
      prototype,
      'push',
      (original) =>
        function (this: Logger, ...values: unknown[]): unknown {
          const result = Reflect.apply(original, this, values);
          if (hub.logs.wanted) hub.guard.run('logs.winston', () => take(hub, this, values[0]), undefined);
          return result;
        },
    );
  },
};

/** null is the end of the stream, false what a format has dropped. */
function take(hub: Hub, logger: Logger, record: unknown): void {
  if (typeof record !== 'object' || record === null) return;
  const level = String(ownValue(record, LEVEL) ?? ownValue(record, 'level') ?? '');
  if (!isPrinted(logger, level)) return;
  const body = textOf(ownValue(record, 'message') ?? '');
  const content = { body, attributes: attributesOf(record, SKIPPED) };
  emitLine(hub, {
    time: Date.now(),
    severity: SEVERITIES[level] ?? severities.info,
    severityText: level,
    content,
    size: sizeOf(content),
  });
}

/** Levels are looked at by each transport only. */
function isPrinted({ level: most, levels = {}, transports = [] }: Logger, level: string): boolean {
  const rank = levels[level] ?? 0;
  return transports.some((transport) => {
    const own = transport.level ?? most;
    return !transport.silent && (own === undefined || (levels[own] ?? 0) >= rank);
  });
}
