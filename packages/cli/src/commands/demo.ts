import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import type { Register } from '../context.ts';
import { EXIT, Exit } from '../exit.ts';
import { paint, type Terminal } from '../terminal.ts';

interface Options {
  rate: number;
  baseline: number;
  failover: boolean;
  killServe?: boolean;
  keep?: boolean;
  json?: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('A number greater than 0 is wanted.');
  return value;
}

export const demo: Register = (program, context) => {
  program
    .command('demo')
    .description('play an incident with real processes and traffic: a bad release is noticed, taken back and explained')
    .option('--rate <count>', 'requests per second', positive, 200)
    .option('--baseline <seconds>', 'traffic on the good version before the bad release', positive, 8)
    .option('--no-failover', 'do not answer failed requests from the last good version: rollback alone')
    .option('--kill-serve', 'kill -9 the service in the middle of the bad release, and start it again')
    .option('--keep', 'leave everything running until Ctrl-C, to look at the pages')
    .option('--json', 'end with one JSON line; the story goes to standard error')
    .action(async (options: Options) => {
      context.exitCode = await play(options, context.terminal);
    });
};

async function play(options: Options, terminal: Terminal) {
  const { runScenario } = await import('../demo/scenario.ts');
  const { isGood, jsonLine, story } = await import('../demo/print.ts');
  const startedAt = performance.now();
  const note = (text: string) => {
    const time = `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
    terminal.err(`${paint(terminal, 'dim', time)}  ${text}\n`);
  };
  const stop = interruption();
  const result = await runScenario({
    ...built(),
    requestsPerSecond: options.rate,
    baselineMs: options.baseline * 1000,
    afterMs: 3000,
    giveUpMs: 60_000,
    failover: options.failover,
    killServeForMs: options.killServe ? 3000 : null,
    note,
    signal: stop.signal,
    onResult: async (done) => {
      const text = story(terminal, done, options.keep === true);
      if (options.json) terminal.err(text);
      else terminal.out(text);
      if (options.keep) await untilInterrupted(terminal, stop.signal);
    },
  }).finally(stop.forget);
  if (options.json) terminal.out(`${jsonLine(result)}\n`);
  return isGood(result) ? EXIT.ok : EXIT.bad;
}

/** Where the build put the command and the example: beside this code. */
function built(): { entry: string; examplesDir: string } {
  const entry = fileURLToPath(new URL('./nightshift.js', import.meta.url));
  const examplesDir = fileURLToPath(new URL('./examples/url-shortener', import.meta.url));
  if (existsSync(entry) && existsSync(examplesDir)) return { entry, examplesDir };
  throw new Exit(EXIT.usage, `The demo needs the built command (${entry}): run it as \`npm run demo\`.`);
}

function interruption(): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort(new Exit(EXIT.bad, 'Interrupted.'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, abort);
  const forget = () => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, abort);
  };
  return { signal: controller.signal, forget };
}

async function untilInterrupted(terminal: Terminal, signal: AbortSignal): Promise<void> {
  terminal.err('Everything goes on running. Ctrl-C stops it.\n');
  // A timer keeps the process alive; a listener on the signal alone would not.
  const alive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(alive);
}
