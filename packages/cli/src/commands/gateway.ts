import type { Register } from '../context.ts';

export const gateway: Register = (program) => {
  program
    .command('gateway', { hidden: true })
    .description('run the data plane of `process` releases; started by serve')
    .requiredOption('--dir <dir>', 'its directory: configuration, events, control socket')
    .action(async ({ dir }: { dir: string }) => {
      const { runGateway } = await import('@nightshift/gateway');
      await runGateway(dir);
    });
};
