import type { AgentOptions } from './agent.ts';
import { limitHeap } from './memory.ts';

/** As `runAgent` of main.ts, which is loaded when the heap is limited. */
export async function runAgent(options: AgentOptions): Promise<void> {
  limitHeap();
  const agent = await import('./main.ts');
  await agent.runAgent(options);
}
