import type { Log } from '../http/deps.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof levels)[number];

/** Log lines as JSON, one a line, to standard error: standard output is for what a person or a script started us for. */
export function createLog(
  level: LogLevel,
  now: () => number,
  write = (line: string) => void process.stderr.write(line),
): Log {
  const least = levels.indexOf(level);
  const at = (name: LogLevel) => (fields: object, message: string) => {
    if (levels.indexOf(name) < least) return;
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level: name, message, ...fields })}\n`);
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
