/** Records of bunyan, after its serializers. */
import type { Hub, ModuleInstrumentation } from '../core/hub.ts';
import { replaceMethod } from '../core/wrap.ts';
import { emitLine } from './emit.ts';
import { severityOf } from './pino.ts';
import { attributesOf, ownValue, sizeOf, textOf } from './shown.ts';

const SKIPPED: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'v', 'msg']);
const NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

export const bunyanLogs: ModuleInstrumentation = {
  module: 'bunyan',
  patch(exports, hub) {
    const module = exports as { readonly prototype?: object; readonly default?: { readonly prototype?: object } };
    const prototype = module.prototype ?? module.default?.prototype;
    if (!prototype || !hub.settings.logs) return () => {};
    return replaceMethod(
      prototype,
      '_emit',
      (original) =>
        function (this: unknown, record: object, isOnlyText: boolean): unknown {
          const result = Reflect.apply(original, this, [record, isOnlyText]);
          if (!isOnlyText && hub.logs.wanted) hub.guard.run('logs.bunyan', () => take(hub, record), undefined);
          return result;
        },
    );
  },
};

function take(hub: Hub, record: object): void {
  const level = Number(ownValue(record, 'level'));
  const body = textOf(ownValue(record, 'msg') ?? '');
  const content = { body, attributes: attributesOf(record, SKIPPED) };
  emitLine(hub, {
    time: Date.now(),
    severity: severityOf(level),
    severityText: NAMES[level] ?? String(level),
    content,
    size: sizeOf(content),
  });
}
