import { Command, CommanderError } from 'commander';
import { commands } from './commands/index.ts';
import type { Context } from './context.ts';
import { EXIT, EXIT_HELP, Exit, type ExitCode } from './exit.ts';
import { printable, processTerminal, type Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

function createProgram(context: Context): Command {
  const { terminal } = context;
  const program = new Command('nightshift')
    .description('Watches releases, puts the last good version back, and writes the incident report.')
    .version(VERSION)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHasColors: () => terminal.color,
      getErrHasColors: () => terminal.color,
    })
    .addHelpText('afterAll', EXIT_HELP);
  for (const register of commands) register(program, context);
  return program;
}

/** Runs the command that `argv` (as Node gives it) says, and returns the exit code. `serve` returns once it is up. */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<ExitCode> {
  const context: Context = { terminal, argv, now: Date.now, exitCode: EXIT.ok };
  try {
    await createProgram(context).parseAsync([...argv]);
    return context.exitCode;
  } catch (error) {
    return explain(error, terminal);
  }
}

function explain(error: unknown, terminal: Terminal): ExitCode {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof Exit) {
    terminal.err(`${printable(error.message, true)}\n`);
    return error.code;
  }
  // The server's catalogue: wrong configuration, data directory in use, an engine that cannot run here.
  if (error instanceof Error && error.name === 'NightshiftError') {
    terminal.err(`${printable(error.message, true)}\n`);
    return EXIT.usage;
  }
  terminal.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.bad;
}
