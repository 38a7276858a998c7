/** Blocks of samples for the engine. Large ones are made by a thread of their own, so that nobody waits for them. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { memoryOf, nativeSamples, rowsOf, type SampleBlock, type SampleRun } from './sample-rows.ts';

/** What the thread is asked; `memory` and the answer, a block, are handed over. */
export interface BlockTask {
  readonly runs: readonly SampleRun[];
  readonly idWords: Uint32Array;
  readonly memory: ArrayBuffer | undefined;
}

/** It takes a thread longer to start than to make a block of fewer rows. */
const LARGE_ROWS = 200_000;
/** Memory for more is not kept. */
const MOST_SPARE = 32 * 1024 * 1024;
/** The thread ends, and its memory goes, when it was not needed for so long. */
const IDLE_MS = 15_000;

export class SampleBlocks {
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  /** Of a block that the engine has, for the next one: what is allocated anew for each makes work for the collector. */
  private spare: ArrayBuffer | undefined;

  /** @param program what the thread runs; without it, or where it does not start, all blocks are made here */
  constructor(private readonly program?: URL) {}

  /** The columns of the runs must not change before it resolves. */
  async make(runs: readonly SampleRun[], idWords: Uint32Array): Promise<SampleBlock> {
    const memory = this.spare;
    this.spare = undefined;
    if (!this.program || rowsOf(runs) < LARGE_ROWS) return nativeSamples(runs, idWords, memory);
    clearTimeout(this.idle);
    try {
      return await this.ask({ runs: runs.map(shared), idWords, memory });
    } catch {
      this.end();
      return nativeSamples(runs, idWords);
    } finally {
      this.idle = setTimeout(() => this.end(), IDLE_MS).unref();
    }
  }

  /** To be called with a block that nothing reads any more. */
  free(block: SampleBlock): void {
    const memory = memoryOf(block);
    if (memory.byteLength <= MOST_SPARE) this.spare = memory;
  }

  /** Ends the thread; the next large block starts another. */
  end(): void {
    clearTimeout(this.idle);
    void this.worker?.terminate();
    this.worker = undefined;
    this.spare = undefined;
  }

  private async ask(task: BlockTask): Promise<SampleBlock> {
    this.worker ??= this.start(this.program!);
    const { worker } = this;
    const over = new AbortController();
    const ended = once(worker, 'exit', over).then(() => {
      throw new Error('the thread ended');
    });
    worker.ref();
    worker.postMessage(task, task.memory ? [task.memory] : []);
    try {
      const [block] = await Promise.race([once(worker, 'message', over), ended]);
      return block as SampleBlock;
    } finally {
      over.abort();
      worker.unref();
    }
  }

  private start(program: URL): Worker {
    const worker = new Worker(program, { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
    worker.once('exit', () => {
      if (this.worker === worker) this.worker = undefined;
    });
    // Whoever waits for a block is told of an error; at other times nobody wants to know.
    return worker.on('error', () => {});
  }
}

/** A view of memory that is not shared is sent with all that stands beside it. */
function shared(run: SampleRun): SampleRun {
  const isShared = run.timestamps.buffer instanceof SharedArrayBuffer;
  if (isShared) return run;
  const { seriesIndex, timestamps, values, numbers, from, to } = run;
  return {
    seriesIndex: seriesIndex.slice(from, to),
    timestamps: timestamps.slice(from, to),
    values: values.slice(from, to),
    numbers: numbers.slice(),
    from: 0,
    to: to - from,
  };
}
