import type { Register } from '../context.ts';
import { returnMemory } from '../return-memory.ts';
import { VERSION } from '../version.ts';

export const agent: Register = (program, { terminal }) => {
  program
    .command('agent')
    .description('scrape targets and this host, and forward what they say by remote write, until SIGTERM or Ctrl-C')
    .option('-c, --config <file>', 'Prometheus configuration file (NIGHTSHIFT_AGENT_CONFIG)')
    .option('--dir <dir>', 'directory of its spools (NIGHTSHIFT_AGENT_DIR)')
    .action(async ({ config, dir }: { config?: string; dir?: string }) => {
      // Its buffers are small, and so is what it may take.
      returnMemory({ buffer: 32 * 1024, end: 32 * 1024 });
      const { runAgent } = await import('@nightshift/agent');
      await runAgent({ configFile: config, dir, env: terminal.env, cwd: terminal.cwd, version: VERSION });
    });
};
