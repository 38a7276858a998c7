import { createRequire } from 'node:module';

/** Of `mallopt`, malloc.h of the GNU C library. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;

export interface ReturnedSizes {
  /** Buffers of so many bytes and more go back to the system when they are freed. */
  readonly buffer: number;
  /** As much may be free at the end of the C library's heap before it is cut there. */
  readonly end: number;
}

/**
 * Left to itself the GNU C library takes buffers from its own heap once the first of their size was freed, and that heap only
 * shrinks from its end: what is held for a moment lies there beside what is held for hours. Other C libraries have no such
 * setting; with them all is as it was.
 */
export function returnMemory({ buffer, end }: ReturnedSizes): void {
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
    set(M_MMAP_THRESHOLD, buffer);
    set(M_TRIM_THRESHOLD, end);
    close(library);
  } catch {
    // No such library here, or none that has this.
  }
}
