import type { Command } from 'commander';
import { Client } from './client.ts';
import { connection, DEFAULT_SERVER } from './connection.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { withProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** One run of the command. */
export interface Context {
  readonly terminal: Terminal;
  /** As Node gives it: the executable, the script, then what was written. */
  readonly argv: readonly string[];
  readonly now: () => number;
  exitCode: ExitCode;
}

export type Register = (program: Command, context: Context) => void;

interface ApiOptions {
  server?: string;
  tokenFile?: string;
  json?: boolean;
}

/** What the action of a command that asks the server works with. */
export interface ApiRun<Options> {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly now: () => number;
  readonly options: Options;
  readonly args: readonly string[];
  /** Prints the value for a script (--json), else the text for a person. */
  print(value: unknown, text: () => string): void;
  /** Waits, and says so when it takes longer than a second. */
  waitFor<T>(label: string | (() => string), work: Promise<T>): Promise<T>;
}

/** Prints the value for a script (--json), else the text for a person. */
export function printed(terminal: Terminal, json: boolean, value: unknown, text: () => string): void {
  terminal.out(json ? `${JSON.stringify(value, null, 2)}\n` : text());
}

/** Gives a command --server, --token-file and --json, and an action that asks the server. */
export function apiCommand<Options = Record<never, never>>(
  command: Command,
  context: Context,
  run: (api: ApiRun<Options>) => Promise<ExitCode | undefined>,
): Command {
  return command
    .option('--server <url>', `address of the server (NIGHTSHIFT_SERVER; else ${DEFAULT_SERVER})`)
    .option('--token-file <file>', 'file with the token (NIGHTSHIFT_TOKEN; else the data directory of this machine)')
    .option('--json', 'print JSON')
    .action(async () => {
      const { terminal, now } = context;
      const options = command.opts<Options & ApiOptions>();
      const client = new Client(await connection(options, terminal));
      const code = await run({
        client,
        terminal,
        now,
        options,
        args: command.args,
        print: (value, text) => printed(terminal, options.json === true, value, text),
        waitFor: (label, work) => withProgress(terminal, typeof label === 'string' ? () => label : label, work),
      });
      context.exitCode = code ?? EXIT.ok;
    });
}
