import { type AgentOptions, startAgent } from './agent.ts';
import { keepHeapSmall } from './memory.ts';

/** Longest a stop may take before the process ends all the same. */
const stopMs = 10_000;

/**
 * `nightshift agent`: starts, says where its pages are, reloads on SIGHUP, and stops on SIGTERM or SIGINT. Resolves when it
 * is up. `write` gets the lines for a person.
 */
export async function runAgent(options: AgentOptions, write = (line: string) => console.log(line)): Promise<void> {
  const agent = await startAgent({ ...options, afterScrape: keepHeapSmall() });
  write(`Nightshift agent is up: ${agent.url}`);
  write(`Directory:              ${agent.config.dataDir}`);
  for (const { name } of agent.config.remoteWrites) write(`Sends to:               ${name}`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(130);
    stopping = true;
    write(`${signal}: stopping (again to stop at once)`);
    setTimeout(() => process.exit(1), stopMs).unref();
    void agent.close().then(() => process.exit(0));
  };
  process.on('SIGHUP', () => {
    agent.reload().then(
      () => write('SIGHUP: the configuration was read anew'),
      (error: unknown) => write(`SIGHUP: what runs goes on.\n${error instanceof Error ? error.message : error}`),
    );
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
