import type { Hub, Instrumentation } from '../core/hub.ts';
import { replaceMethod } from '../core/wrap.ts';
import { emitLine } from './emit.ts';
import { severities } from './record.ts';
import { textOfArguments } from './shown.ts';

/** `trace`, `assert`, `table` and others print by these. */
const METHODS = {
  debug: severities.debug,
  log: severities.info,
  info: severities.info,
  warn: severities.warn,
  error: severities.error,
} as const;

/** The console prints first, as it would; what it was given is looked at afterwards. */
export const consoleLogs: Instrumentation = {
  name: 'console',
  install(hub) {
    if (!hub.settings.logs) return () => {};
    const undo = Object.entries(METHODS).map(([name, severity]) =>
      replaceMethod(console, name, (original) => {
        const take = (values: readonly unknown[]) => takeLine(hub, name, severity, values);
        const methods = {
          // A method has no `prototype`, as those of the console.
          print(this: unknown, ...values: unknown[]): unknown {
            const result = Reflect.apply(original, this, values);
            take(values);
            return result;
          },
        };
        return methods.print;
      }),
    );
    return () => {
      for (const back of undo) back();
    };
  },
};

function takeLine(hub: Hub, name: string, severity: number, values: readonly unknown[]): void {
  if (!hub.logs.wanted) return;
  hub.guard.run(
    'logs.console',
    () => {
      const body = textOfArguments(values);
      const content = { body, attributes: {} };
      emitLine(hub, { time: Date.now(), severity, severityText: name, content, size: body.length });
    },
    undefined,
  );
}
