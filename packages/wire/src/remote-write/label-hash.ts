/** 32 bits of the bytes in [start, end), four at a time (the mixing steps of MurmurHash3, x86, 32 bits). No identity: compare the bytes. */
export function hashLabelBytes(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    let word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
