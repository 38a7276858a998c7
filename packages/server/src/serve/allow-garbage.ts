import v8 from 'node:v8';

/** A heap that is larger than this grows as V8 thinks best. */
const LARGE_BYTES = 96 * 1024 * 1024;
const LOOK_MS = 5000;

/**
 * Lets a small heap grow to twice what is alive before it is collected whole. Under load requests leave buffers that are
 * garbage at once, which V8 counts as growth of the heap; by itself it then marks the whole of it several times a second.
 */
export function allowGarbage(): void {
  const look = () => {
    const growth = process.memoryUsage().heapUsed < LARGE_BYTES ? 100 : 0;
    v8.setFlagsFromString(`--heap-growing-percent=${growth}`);
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
