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
