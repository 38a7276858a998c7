import type { TokenInfo } from '@nightshift/server/api';
import type { Command } from 'commander';
import { apiCommand, type Context, type Register } from '../context.ts';
import { EXIT, Exit } from '../exit.ts';
import { table } from '../table.ts';
import { durationOption, showTime } from '../time.ts';

type NewToken = TokenInfo & { token: string };

const RIGHTS = ['ingest', 'read', 'release', 'admin'];

export const token: Register = (program, context) => {
  const group = program.command('token').description('the tokens with which senders and scripts identify themselves');
  create(group, context);
  rotate(group, context);
  revoke(group, context);
  list(group, context);
};

function rightsOf(text: string): string[] {
  const rights = text.split(',').map((right) => right.trim());
  const wrong = rights.find((right) => !RIGHTS.includes(right));
  if (wrong === undefined) return rights;
  throw new Exit(EXIT.usage, `--rights ${wrong}: there is no such right; allowed: ${RIGHTS.join(', ')}.`);
}

/** The token alone on standard output, so that a script can keep it; it is shown this once. */
const once = (made: NewToken) => `${made.token}\n`;

function create(group: Command, context: Context): void {
  const command = group
    .command('create')
    .description('make a token; it is printed this once')
    .argument('<name>', 'what it is for')
    .requiredOption('--rights <list>', `comma-separated: ${RIGHTS.join(', ')}`);
  apiCommand<{ rights: string }>(command, context, async ({ client, options, args, terminal, print, waitFor }) => {
    const body = { name: args[0], rights: rightsOf(options.rights) };
    const made = await waitFor('Making the token', client.post<NewToken>('/api/v1/tokens', body));
    print(made, () => once(made));
    terminal.err(`Token ${made.id} (${made.name}) has the rights ${made.rights.join(', ')}. It is not shown again.\n`);
    return EXIT.ok;
  });
}

function rotate(group: Command, context: Context): void {
  const command = group
    .command('rotate')
    .description('make a new token in place of an old one, which stays valid for a while')
    .argument('<id>', 'as `token list` shows it')
    .option('--grace <duration>', 'how long the old one stays valid', '1h');
  apiCommand<{ grace: string }>(command, context, async ({ client, options, args, terminal, print, waitFor }) => {
    const graceSeconds = Math.round(durationOption('--grace', options.grace) / 1000);
    const path = `/api/v1/tokens/${encodeURIComponent(args[0] ?? '')}/rotate`;
    const made = await waitFor('Making the token', client.post<NewToken>(path, { graceSeconds }));
    print(made, () => once(made));
    terminal.err(`Token ${made.id} (${made.name}). The old one is valid for ${options.grace} more.\n`);
    return EXIT.ok;
  });
}

function revoke(group: Command, context: Context): void {
  const command = group.command('revoke').description('end a token at once').argument('<id>');
  apiCommand(command, context, async ({ client, args, print, waitFor }) => {
    const id = args[0] ?? '';
    await waitFor('Revoking', client.delete(`/api/v1/tokens/${encodeURIComponent(id)}`));
    print({ revoked: id }, () => `Revoked ${id}.\n`);
    return EXIT.ok;
  });
}

function list(group: Command, context: Context): void {
  const command = group.command('list').description('all tokens, without their secrets');
  apiCommand(command, context, async ({ client, terminal, print, waitFor }) => {
    const answer = await waitFor('Asking', client.get<{ tokens: TokenInfo[] }>('/api/v1/tokens'));
    print(answer, () => {
      const header = ['ID', 'NAME', 'RIGHTS', 'CREATED', 'EXPIRES', 'LAST USED'];
      const rows = answer.tokens.map(({ id, name, rights, createdAt, expiresAt, lastUsedAt }) => {
        return [id, name, rights.join(','), showTime(createdAt), showTime(expiresAt), showTime(lastUsedAt)];
      });
      return table(terminal, header, rows);
    });
    return EXIT.ok;
  });
}
