const UNITS: ReadonlyMap<string, number> = new Map([
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;

/** Milliseconds of a Prometheus duration such as `1h30m`, or undefined if the text is none. */
export function durationOf(text: string): number | undefined {
  if (text === '' || !DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) ms += Number(count) * UNITS.get(unit!)!;
  return ms;
}

/** Value of a number literal (decimal, hexadecimal, octal, Inf, NaN) or of a duration in seconds; undefined if neither. */
export function numberOf(text: string): number | undefined {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '').trim();
  const magnitude = magnitudeOf(digits);
  if (magnitude === undefined) return undefined;
  return negative ? -magnitude : magnitude;
}

function magnitudeOf(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  const plain = lower.replaceAll('_', '');
  if (/^0x[0-9a-f]+$/.test(plain)) return Number(plain);
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  const ms = durationOf(text);
  if (ms !== undefined) return ms / 1000;
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain)) return undefined;
  return Number(plain);
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
};

const CODE_ESCAPE = /^(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/;

/** Content of a quoted string by Go's rules (`\x41` is a byte, `\u0041` a code point), or undefined if it is malformed. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0]!;
  if (literal.length < 2 || !literal.endsWith(quote)) return undefined;
  const body = literal.slice(1, -1);
  if (quote === '`') return body.replaceAll('\r', '');
  if (!body.includes('\\')) return body.includes('\n') ? undefined : body;
  return unescapeText(body, quote);
}

function unescapeText(body: string, quote: string): string | undefined {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      const next = body.indexOf('\\', i);
      const end = next < 0 ? body.length : next;
      bytes.push(...encoder.encode(body.slice(i, end)));
      i = end;
      continue;
    }
    const rest = body.slice(i + 1);
    const letter = rest[0] ?? '';
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) {
      if ((letter === '"' || letter === "'") && letter !== quote) return undefined;
      bytes.push(simple);
      i += 2;
      continue;
    }
    const code = CODE_ESCAPE.exec(rest);
    if (!code) return undefined;
    const [whole, hex, octal, short, long] = code;
    if (hex) bytes.push(Number.parseInt(hex, 16));
    else if (octal) bytes.push(Number.parseInt(octal, 8));
    else {
      const point = Number.parseInt((short ?? long)!, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
      bytes.push(...encoder.encode(String.fromCodePoint(point)));
    }
    i += 1 + whole.length;
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/**
 * Milliseconds of a duration as Prometheus writes it: `5m`, `1h30m`, `1d`, or plain seconds such as `0.5`.
 * @throws RangeError if the text is neither.
 */
export function parseDuration(text: string): number {
  const ms = durationOf(text);
  if (ms !== undefined) return ms;
  if (/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Math.round(Number(text) * 1000);
  throw new RangeError(`"${text}" is not a duration; write for example 5m, 1h30m or a number of seconds`);
}
