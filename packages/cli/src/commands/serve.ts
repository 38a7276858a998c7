import type { Register } from '../context.ts';

export const serve: Register = (program, { terminal }) => {
  program
    .command('serve')
    .description('run the service in the foreground until SIGTERM or Ctrl-C')
    .option('-c, --config <file>', 'configuration file (NIGHTSHIFT_CONFIG; else nightshift.yaml here)')
    .action(async ({ config }: { config?: string }) => {
      // Loaded here, so that the other commands start without the server's code.
      const { runServe } = await import('@nightshift/server');
      await runServe({ ...(config === undefined ? {} : { configFile: config }), env: terminal.env });
    });
};
