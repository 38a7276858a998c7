import { logLevels } from './config/settings.ts';

type Write = (fields: object, message: string) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/** Log lines as JSON, one a line, to standard error. */
export function createLog(
  level: (typeof logLevels)[number],
  now: () => number,
  write = (line: string) => void process.stderr.write(line),
): Log {
  const least = logLevels.indexOf(level);
  const at =
    (name: (typeof logLevels)[number]): Write =>
    (fields, message) => {
      if (logLevels.indexOf(name) < least) return;
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), level: name, message, ...fields })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
