/** A line of the application's log on its way to the receiver. */
import type { AttributeValue } from '../tracing/tracer.ts';

export interface LogContent {
  readonly body: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface LogRecord {
  /** Unix milliseconds. */
  readonly time: number;
  /** 1 to 24 (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber). */
  readonly severity: number;
  /** As the logger calls it: `info`, `WARN`. */
  readonly severityText: string;
  /** Worked out when it is pushed, where that is later. May throw. */
  readonly content: LogContent | (() => LogContent);
  /** Characters that are held meanwhile, about. */
  readonly size: number;
  /** '' where no span was active. */
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What an instrumentation of a logger knows; the sink adds the rest. */
export type LogLine = Pick<LogRecord, 'time' | 'severity' | 'severityText' | 'content' | 'size'>;

/** Takes lines of log. Never throws, never waits. */
export interface LogSink {
  /** Whether anybody listens: what is costly need not be worked out otherwise. */
  readonly wanted: boolean;
  emit(record: LogRecord): void;
}

/** OpenTelemetry's number of the lowest severity of each range. */
export const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
