import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that may have been allocated since the last collection before there is another. */
const slackBytes = 2 * 1024 * 1024;

/** Between two looks when nobody asks for one. */
const lookMs = 1000;

const used = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Keeps V8 from taking what it does not need here. To be called before most of the program is loaded: what is taken stays. */
export function limitHeap(): void {
  // The young generation stays at its first size, 1 MB twice.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  // Each thread that compiles keeps some megabytes of its own.
  v8.setFlagsFromString('--no-concurrent-recompilation');
}

/**
 * Keeps the process small; the result is to be called when something large has become garbage. Every scrape leaves some
 * megabytes that are garbage as soon as it is stored. V8 by itself lets such a heap grow to several times what is alive,
 * which is right for a server and wrong for an agent beside other programs; a full collection of so little that is alive
 * takes some milliseconds.
 */
export function keepHeapSmall(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let kept = used();
  const look = () => {
    if (used() < kept + slackBytes) return;
    collect();
    kept = used();
  };
  setInterval(look, lookMs).unref();
  return look;
}
