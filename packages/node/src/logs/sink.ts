import type { LogRecord, LogSink } from './record.ts';

export interface LogSource extends LogSink {
  readonly listen: (listener: (record: LogRecord) => void) => void;
}

/** Whoever logs while a line is taken, as a failing listener may, is not taken: that would never end. */
export function createLogSink(): LogSource {
  const listeners: ((record: LogRecord) => void)[] = [];
  let busy = false;
  return {
    get wanted() {
      return listeners.length > 0 && !busy;
    },
    emit(record) {
      if (busy) return;
      busy = true;
      try {
        for (const listener of listeners) listener(record);
      } finally {
        busy = false;
      }
    },
    listen: (listener) => void listeners.push(listener),
  };
}
