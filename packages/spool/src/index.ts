export { syncDirectory } from './recover.ts';
export { SpoolError } from './segment.ts';
export type { Batch, Dropped, Position, Spool, SpoolOptions, SpoolStats } from './spool.ts';
export { openSpool } from './spool.ts';
