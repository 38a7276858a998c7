import type { Hub } from '../core/hub.ts';
import type { LogLine } from './record.ts';

/** Passes a line on with the span in which it was logged. */
export function emitLine({ logs, tracer }: Hub, { time, severity, severityText, content, size }: LogLine): void {
  const span = tracer.active();
  logs.emit({
    time,
    severity,
    severityText,
    content,
    size,
    traceId: span?.traceId ?? '',
    spanId: span?.spanId ?? '',
    sampled: span?.sampled ?? false,
  });
}

/**
 * Puts `own` in the place of the method `name`, with its name, length and description. Gives the way back, which leaves
 * alone what somebody else has put there since.
 */
export function replaceMethod(
  target: object,
  name: string | symbol,
  make: (original: (this: unknown, ...values: unknown[]) => unknown) => (this: never, ...values: never[]) => unknown,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original = (target as Record<string | symbol, unknown>)[name];
  if (typeof original !== 'function' || (before && !before.configurable)) return () => {};
  const own = make(original as () => unknown);
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(own, key, { value: original[key], configurable: true });
  }
  const description = before && 'value' in before ? before : { enumerable: false, writable: true, configurable: true };
  Object.defineProperty(target, name, { ...description, value: own });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== own) return;
    if (before) Object.defineProperty(target, name, before);
    else Reflect.deleteProperty(target, name);
  };
}
