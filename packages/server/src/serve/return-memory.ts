import { createRequire } from 'node:module';

/** Of `mallopt`, malloc.h of the GNU C library. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;

const MMAP_BYTES = 128 * 1024;
const TRIM_BYTES = 4 * 1024 * 1024;

/**
 * Buffers from 128 KiB on go back to the system when they are freed. The C library takes them from its own heap once the
 * first of their size was freed, and that heap only shrinks from its end: what queries hold for a moment and what the head
 * holds for hours lie there side by side. Other C libraries have no such setting; with them all is as it was.
 */
export function returnMemory(): void {
  if (process.platform !== 'linux') return;
  try {
    const { open, close, load, DataType } = createRequire(import.meta.url)('ffi-rs') as typeof import('ffi-rs');
    const library = 'libc';
    open({ library, path: 'libc.so.6' });
    const set = (option: number, value: number) =>
      load({
        library,
        funcName: 'mallopt',
        retType: DataType.I32,
        paramsType: [DataType.I32, DataType.I32],
        paramsValue: [option, value],
      });
    set(M_MMAP_THRESHOLD, MMAP_BYTES);
    set(M_TRIM_THRESHOLD, TRIM_BYTES);
    close(library);
  } catch {
    // No such library here, or none that has this.
  }
}
