import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Incident, IncidentState, IncidentSummary } from '@nightshift/server/api';
import { type Command, Option } from 'commander';
import type { Client } from '../client.ts';
import { apiCommand, type Context, type Register } from '../context.ts';
import { EXIT, Exit, type ExitCode } from '../exit.ts';
import { showIncident } from '../incident-text.ts';
import { table } from '../table.ts';
import { printable, type Tone } from '../terminal.ts';
import { showTime } from '../time.ts';

export const incident: Register = (program, context) => {
  const group = program.command('incident').description('what went wrong, why, and what it cost');
  list(group, context);
  show(group, context);
  report(group, context);
};

/** Open: users may still be hurt. From `mitigated` on the last good version serves them. */
const TONES: Record<IncidentState, Tone> = {
  opened: 'bad',
  acknowledged: 'bad',
  mitigated: 'lamp',
  resolved: 'good',
  reviewed: 'good',
};

const exitCodeOf = (all: readonly { state: IncidentState }[]): ExitCode =>
  all.some(({ state }) => TONES[state] === 'bad') ? EXIT.bad : EXIT.ok;

function list(group: Command, context: Context): void {
  const command = group.command('list').description('all incidents; exit code 1 while one is open');
  apiCommand(command, context, async ({ client, terminal, print, waitFor }) => {
    const answer = await waitFor('Asking', client.get<{ incidents: IncidentSummary[] }>('/api/v1/incidents'));
    print(answer, () => {
      const header = ['ID', 'STATE', 'OPENED', 'SERVICE', 'FAILED', 'SEEN', 'TITLE'];
      const rows = answer.incidents.map(({ id, state, openedAt, service, impact, title }) => [
        id,
        { text: state, tone: TONES[state] },
        showTime(openedAt),
        service,
        String(impact.failed),
        String(impact.visible),
        title,
      ]);
      return table(terminal, header, rows);
    });
    return exitCodeOf(answer.incidents);
  });
}

/** The id that was given, else that of the newest incident. */
async function chosen(client: Client, id: string | undefined): Promise<string> {
  if (id !== undefined) return encodeURIComponent(id);
  const { incidents } = await client.get<{ incidents: IncidentSummary[] }>('/api/v1/incidents');
  const newest = incidents.toSorted((a, b) => b.openedAt - a.openedAt)[0];
  if (!newest) throw new Exit(EXIT.bad, 'There is no incident.');
  return encodeURIComponent(newest.id);
}

function show(group: Command, context: Context): void {
  const command = group
    .command('show')
    .description('timeline, impact and suspects; exit code 1 while it is open')
    .argument('[id]', 'default: the newest');
  apiCommand(command, context, async ({ client, args, terminal, print, waitFor }) => {
    const load = async () => client.get<Incident>(`/api/v1/incidents/${await chosen(client, args[0])}`);
    const found = await waitFor('Asking', load());
    print(found, () => showIncident(terminal, found, client.server));
    return exitCodeOf([found]);
  });
}

function report(group: Command, context: Context): void {
  const command = group
    .command('report')
    .description('the report, for a person to finish')
    .argument('[id]', 'default: the newest')
    .addOption(new Option('--format <format>').choices(['md', 'html']).default('md'))
    .option('-o, --output <file>', 'write it there instead of to standard output');
  apiCommand<{ format: string; output?: string }>(
    command,
    context,
    async ({ client, options, args, terminal, ...run }) => {
      const { format, output } = options;
      const load = async () => client.text(`/api/v1/incidents/${await chosen(client, args[0])}/report`, { format });
      const text = await run.waitFor('Writing the report', load());
      if (output === undefined) {
        const shown = terminal.columns === null ? text : printable(text, true);
        run.print({ format, report: text }, () => (shown.endsWith('\n') ? shown : `${shown}\n`));
      } else {
        const file = resolve(terminal.cwd, output);
        writeReport(file, text);
        run.print({ format, file }, () => `${file}\n`);
      }
      return EXIT.ok;
    },
  );
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Exit(EXIT.usage, `--output ${file}: ${(error as Error).message}`);
  }
}
