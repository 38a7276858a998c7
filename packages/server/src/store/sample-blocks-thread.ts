/** What the thread of `SampleBlocks` runs. */
import { parentPort } from 'node:worker_threads';
import type { BlockTask } from './sample-blocks.ts';
import { memoryOf, nativeSamples } from './sample-rows.ts';

parentPort?.on('message', ({ runs, idWords, memory }: BlockTask) => {
  const block = nativeSamples(runs, idWords, memory);
  parentPort?.postMessage(block, [memoryOf(block)]);
});
