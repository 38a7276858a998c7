import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Register } from '../context.ts';
import { returnMemory } from '../return-memory.ts';
import { VERSION } from '../version.ts';

export const serve: Register = (program, { terminal, argv }) => {
  program
    .command('serve')
    .description('run the service in the foreground until SIGTERM or Ctrl-C')
    .option('-c, --config <file>', 'configuration file (NIGHTSHIFT_CONFIG; else nightshift.yaml here)')
    .action(async ({ config }: { config?: string }) => {
      returnMemory({ buffer: 128 * 1024, end: 4 * 1024 * 1024 });
      // Loaded here, so that the other commands start without the server's code.
      const { ownLauncher, runServe } = await import('@nightshift/server');
      await runServe({
        ...(config === undefined ? {} : { configFile: config }),
        env: terminal.env,
        cwd: terminal.cwd,
        launcher: ownLauncher(argv[1] ?? ''),
        webDir: builtWeb(),
        version: VERSION,
      });
    });
};

/** Where the build put the web application: beside this code. */
function builtWeb(): string | null {
  const dir = fileURLToPath(new URL('./web', import.meta.url));
  return existsSync(dir) ? dir : null;
}
