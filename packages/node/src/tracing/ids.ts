import { randomFillSync } from 'node:crypto';

const POOL = 4096;
const pool = Buffer.allocUnsafe(POOL);
let used = POOL;

/** So many random bytes in lower-case hex, never all zero. The system is asked for many at once. */
export function randomHex(bytes: number): string {
  if (used + bytes > POOL) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  // All zero is no id (https://www.w3.org/TR/trace-context/#trace-id).
  return pool[used - 1] === 0 ? randomHex(bytes) : pool.toString('hex', used - bytes, used);
}
