import type { Register } from '../context.ts';

const NAME = 'engine-child';

export const engineChild: Register = (program, { argv }) => {
  program
    .command(NAME, { hidden: true })
    .description('run the embedded ClickHouse; started by serve')
    .argument('[arguments...]', "the engine's own")
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async () => {
      const { runEngineChild } = await import('@nightshift/server/engine/child');
      await runEngineChild(argv.slice(argv.indexOf(NAME) + 1));
    });
};
