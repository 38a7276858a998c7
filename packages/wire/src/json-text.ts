import { WireError } from './batch.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The UTF-8 text of a whole body, without a byte-order mark. @throws WireError where it is not UTF-8. */
export function bodyText(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new WireError('the body is not UTF-8');
  }
}

// A number that a double may not hold; a hit inside a string costs only the careful pass.
const LONG_INTEGER = /\d{16}/;

/**
 * Parses JSON; integers of 16 digits or more, down to `depth` levels of nesting, come out as strings of their digits,
 * because a double would round them (Unix nanoseconds have 19). @throws WireError with `where` in front.
 */
export function parseJson(text: string, where: string, depth = Number.POSITIVE_INFINITY): unknown {
  try {
    return JSON.parse(LONG_INTEGER.test(text) ? quoteLongIntegers(text, depth) : text);
  } catch (error) {
    throw new WireError(`${where}: invalid JSON: ${(error as Error).message}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function quoteLongIntegers(text: string, maxDepth: number): string {
  const parts: string[] = [];
  let copied = 0;
  let depth = 0;
  let pos = 0;
  while (pos < text.length) {
    const code = text.charCodeAt(pos);
    if (code === QUOTE) {
      pos = endOfString(text, pos);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2d || isDigit(code)) {
      const end = endOfNumber(text, pos);
      if (depth <= maxDepth && end - pos >= 16 && /^-?(?:0|[1-9]\d*)$/.test(text.slice(pos, end))) {
        parts.push(text.slice(copied, pos), '"', text.slice(pos, end), '"');
        copied = end;
      }
      pos = end;
      continue;
    }
    pos++;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

function endOfString(text: string, start: number): number {
  let pos = start + 1;
  while (pos < text.length) {
    const code = text.charCodeAt(pos++);
    if (code === QUOTE) return pos;
    if (code === BACKSLASH) pos++;
  }
  return text.length;
}

/** Takes in exponents and fractions, so that they are not mistaken for integers of their own. */
function endOfNumber(text: string, start: number): number {
  let pos = start + 1;
  for (; pos < text.length; pos++) {
    const code = text.charCodeAt(pos);
    if (!isDigit(code) && code !== 0x2e && code !== 0x2b && code !== 0x2d && (code | 0x20) !== 0x65) break;
  }
  return pos;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a string could be UTF-8: JSON escapes can write half a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}
