const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Label names and values repeat from series to series and from body to body: the table answers most of them without an
// allocation. It is bounded: 8,192 strings of at most 64 characters.
const SLOTS = 8192;
const MAX_INTERNED = 64;
const interned: string[] = new Array(SLOTS).fill('');

/** The UTF-8 text in `buf[start, end)`, as a string of its own; undefined where it is not UTF-8. */
export function decodeText(buf: Uint8Array, start: number, end: number): string | undefined {
  const size = end - start;
  if (size === 0) return '';
  if (size > MAX_INTERNED) return decodeStrictly(buf, start, end);
  let hash = 0x811c9dc5;
  let high = 0;
  for (let i = start; i < end; i++) {
    const byte = buf[i]!;
    high |= byte;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  if (high >= 0x80) return decodeStrictly(buf, start, end);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = interned[slot]!;
  if (known.length === size && equals(known, buf, start)) return known;
  const text = decoder.decode(buf.subarray(start, end));
  interned[slot] = text;
  return text;
}

function equals(text: string, buf: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== buf[start + i]) return false;
  return true;
}

function decodeStrictly(buf: Uint8Array, start: number, end: number): string | undefined {
  try {
    return decoder.decode(buf.subarray(start, end));
  } catch {
    return undefined;
  }
}
