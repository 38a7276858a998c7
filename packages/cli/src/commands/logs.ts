import type { LogEntry } from '@nightshift/server/api';
import { Option } from 'commander';
import { apiCommand, type Register } from '../context.ts';
import { EXIT } from '../exit.ts';
import { paint, printable, type Terminal, type Tone } from '../terminal.ts';
import { timeOption } from '../time.ts';

interface Options {
  service?: string;
  severity?: string;
  since: string;
  until: string;
  trace?: string;
  limit: string;
}

const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

export const logs: Register = (program, context) => {
  const command = program
    .command('logs')
    .description('search logs; the newest are printed last')
    .argument('[words...]', 'each must occur in the text')
    .option('--service <name>', 'of this service only')
    .addOption(new Option('--severity <name>', 'at least this severe').choices(SEVERITIES))
    .option('--since <time>', 'an age such as 15m, RFC 3339, or Unix seconds', '1h')
    .option('--until <time>', 'as --since', 'now')
    .option('--trace <id>', 'of this trace only')
    .option('--limit <count>', 'at most so many, the newest', '200');
  apiCommand<Options>(command, context, async ({ client, options, args, now, terminal, print, waitFor }) => {
    const { service, severity, trace, limit } = options;
    const instant = now();
    const search = {
      start: timeOption('--since', options.since, instant),
      end: timeOption('--until', options.until, instant),
      q: args.join(' ') || undefined,
      order: 'newest',
      ...{ service, severity, trace, limit },
    };
    const answer = await waitFor('Searching', client.get<{ logs: LogEntry[] }>('/api/v1/logs', search));
    const entries = answer.logs.reverse();
    print({ logs: entries }, () => entries.map((entry) => line(terminal, entry)).join(''));
    return EXIT.ok;
  });
};

/** OpenTelemetry's severity numbers: 13–16 warn, from 17 on error. */
function toneOf(severity: number): Tone {
  if (severity >= 17) return 'bad';
  return severity >= 13 ? 'lamp' : 'plain';
}

function line(terminal: Terminal, { at, service, severity, severityText, body }: LogEntry): string {
  const time = paint(terminal, 'dim', new Date(at).toISOString());
  const level = paint(terminal, toneOf(severity), printable(severityText || String(severity)).padEnd(5));
  return `${time} ${level} ${printable(service)} ${printable(body, true)}\n`;
}
