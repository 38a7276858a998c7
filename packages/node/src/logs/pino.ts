/** Lines of pino (https://getpino.io), as they go to its stream: after serializers, redaction and hooks. */
import type { Hub, ModuleInstrumentation } from '../core/hub.ts';
import { type Method, replaceMethod } from '../core/wrap.ts';
import { emitLine } from './emit.ts';
import { contentOfLine } from './json-line.ts';
import { severities } from './record.ts';

interface Symbols {
  readonly writeSym: symbol;
  readonly asJsonSym: symbol;
  readonly hooksSym: symbol;
  readonly messageKeySym: symbol;
}

type Logger = Readonly<Record<symbol, unknown>> & { readonly levels?: { readonly labels: Record<number, string> } };

type Pino = ((options: object, stream: object) => Logger) & { readonly symbols?: Symbols };

interface Hooks {
  readonly streamWrite?: (line: string) => string;
}

/** Of the record, or known from the resource. */
const SKIPPED: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'v']);

export const pinoLogs: ModuleInstrumentation = {
  module: 'pino',
  patch(exports, hub) {
    const pino = pinoOf(exports);
    if (!pino?.symbols || !hub.settings.logs) return () => {};
    const { writeSym } = pino.symbols;
    // The prototype of all loggers is not exported: one that writes nowhere leads to it.
    let prototype: object | null = pino({ base: null, timestamp: false }, { write() {} });
    while (prototype && !Object.hasOwn(prototype, writeSym)) prototype = Object.getPrototypeOf(prototype);
    if (!prototype) return () => {};
    const watch = new PinoWatch(hub, pino.symbols);
    const undo = [
      replaceMethod<Method>(prototype, pino.symbols.asJsonSym, (original) => watch.asJson(original)),
      replaceMethod<Method>(prototype, writeSym, (original) => watch.write(original)),
    ];
    return () => {
      for (const back of undo.reverse()) back();
    };
  },
};

function pinoOf(exports: unknown): Pino | undefined {
  const { default: inner } = exports as { readonly default?: unknown };
  return [exports, inner].find((one): one is Pino => typeof one === 'function' && 'symbols' in one);
}

class PinoWatch {
  /** The line that the write under way has made. */
  line: string | undefined;

  constructor(
    private readonly hub: Hub,
    private readonly symbols: Symbols,
  ) {}

  asJson(original: Method): Method {
    const keep = (line: unknown) => {
      this.line = typeof line === 'string' ? line : undefined;
    };
    return function (...values) {
      const line = Reflect.apply(original, this, values);
      keep(line);
      return line;
    };
  }

  write(original: Method): Method {
    const watch = this;
    return function (object, message, level) {
      const { guard, logs } = watch.hub;
      if (!logs.wanted) return Reflect.apply(original, this, [object, message, level]);
      const logger = guard.run('logs.pino', () => watch.withHook(this as Logger), this);
      // A stream may log by pino itself.
      const outer = watch.line;
      watch.line = undefined;
      try {
        const result = Reflect.apply(original, logger, [object, message, level]);
        guard.run('logs.pino', () => watch.take(this as Logger, level as number), undefined);
        return result;
      } finally {
        watch.line = outer;
      }
    };
  }

  /** A logger that changes the line once more says what it makes of it, as a child of it would that logs alike. */
  withHook(logger: Logger): Logger {
    const { hooksSym } = this.symbols;
    const hooks = logger[hooksSym] as Hooks | undefined;
    const change = hooks?.streamWrite;
    if (!change) return logger;
    const streamWrite = (line: string): string => {
      const changed = Reflect.apply(change, undefined, [line]);
      this.line = changed;
      return changed;
    };
    return Object.create(logger, { [hooksSym]: { value: { ...hooks, streamWrite } } }) as Logger;
  }

  take(logger: Logger, level: number): void {
    const { line } = this;
    if (!this.hub.logs.wanted || typeof line !== 'string') return;
    const message = logger[this.symbols.messageKeySym];
    emitLine(this.hub, {
      time: Date.now(),
      severity: severityOf(level),
      severityText: logger.levels?.labels[level] ?? String(level),
      content: contentOfLine(line, typeof message === 'string' ? message : 'msg', SKIPPED),
      size: line.length,
    });
  }
}

/** Of the levels of pino and bunyan: 10 is trace, 60 fatal. */
export function severityOf(level: number): number {
  if (level < 20) return severities.trace;
  if (level < 30) return severities.debug;
  if (level < 40) return severities.info;
  if (level < 50) return severities.warn;
  return level < 60 ? severities.error : severities.fatal;
}
