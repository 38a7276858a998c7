import { quote } from './quote.ts';

/** Units from the largest to the smallest, in milliseconds. */
export const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** A value, or Go's words for why a text has none, and what Prometheus goes on with then, if it is not 0. */
export type Read = { readonly value: number } | { readonly error: string; readonly instead?: number };

/** Go's time.Duration holds this many milliseconds. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** Milliseconds of a text such as `1h30m`, as model.ParseDuration of prometheus/common reads it. */
export function readDuration(text: string): Read {
  const invalid = { error: `not a valid duration string: ${quote(text)}` };
  if (text === '') return { error: 'empty duration string' };
  if (text === '0') return { value: 0 };
  if (!/^\d/.test(text)) return invalid;
  let ms = 0;
  let lastUnit = -1;
  for (const [, count, unit] of text.matchAll(/(\d+)(\D*)/g)) {
    if (unit === '' || Number(count) >= 2 ** 64) return invalid;
    const index = UNITS.findIndex(([name]) => name === unit);
    if (index < 0) return { error: `unknown unit ${quote(unit!)} in duration ${quote(text)}` };
    if (index <= lastUnit) return invalid;
    lastUnit = index;
    ms += Number(count) * UNITS[index]![1];
    if (ms >= MAX_DURATION_MS) return { error: 'duration out of range' };
  }
  return { value: ms };
}

/** Milliseconds of a Prometheus duration such as `1h30m`, or undefined if the text is none. A number needs its unit. */
export function durationOf(text: string): number | undefined {
  const read = readDuration(text);
  return text === '0' || 'error' in read ? undefined : read.value;
}

/** Seconds, by the arithmetic of Go's Duration.Seconds. */
export function secondsOf(ms: number): number {
  return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}

const DIGITS = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/;
const MISPLACED_UNDERSCORE = /(^|[^0-9])_|_([^0-9]|$)/;
const HEXADECIMAL = /^0x_?[0-9a-f]+(_[0-9a-f]+)*$/;
const OCTAL = /^0[0-7_]+$/;

/** The value of a number without sign (decimal, hexadecimal, octal, Inf, NaN), as Go's ParseInt and ParseFloat read it. */
export function readNumber(text: string): Read {
  const failed = (why: string) => ({ error: `strconv.ParseFloat: parsing ${quote(text)}: ${why}` });
  const lower = text.toLowerCase();
  if (lower === 'inf') return { value: Number.POSITIVE_INFINITY };
  if (lower === 'nan') return { value: Number.NaN };
  if (HEXADECIMAL.test(lower)) {
    const value = Number(lower.replaceAll('_', ''));
    return value >= 2 ** 63 ? failed('invalid syntax') : { value };
  }
  if (MISPLACED_UNDERSCORE.test(lower)) return failed('invalid syntax');
  const digits = lower.replaceAll('_', '');
  if (OCTAL.test(lower)) {
    const value = Number.parseInt(digits, 8);
    if (value < 2 ** 63) return { value };
  }
  if (!DIGITS.test(digits)) return failed('invalid syntax');
  const value = Number(digits);
  return value === Number.POSITIVE_INFINITY ? { ...failed('value out of range'), instead: value } : { value };
}

/** Value of a number literal, with or without sign, or of a duration in seconds; undefined if the text is neither. */
export function numberOf(text: string): number | undefined {
  const digits = text.replace(/^[+-]/, '').trim();
  const read = readNumber(digits);
  const ms = durationOf(digits);
  if ('error' in read && ms === undefined) return undefined;
  const magnitude = 'error' in read ? secondsOf(ms!) : read.value;
  return text.startsWith('-') ? -magnitude : magnitude;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
]);

const PIECE = /([^\\]+)|\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/gy;

/** Content of a quoted string by Go's rules (`\x41` is a byte, `\u0041` a code point), or undefined if it is malformed. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0]!;
  if (literal.length < 2 || !literal.endsWith(mark)) return undefined;
  const body = literal.slice(1, -1);
  if (mark === '`') return body;
  if (!body.includes('\\')) return body.includes('\n') ? undefined : body;
  return unescapeText(body, mark);
}

function unescapeText(body: string, mark: string): string | undefined {
  let text = '';
  let bytes: number[] = [];
  let length = 0;
  const flush = () => {
    if (bytes.length > 0) text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    bytes = [];
  };
  for (const [whole, plain, letter, hex, octal, short, long] of body.matchAll(PIECE)) {
    length += whole.length;
    if (hex ?? octal) {
      bytes.push(hex ? Number.parseInt(hex, 16) : Number.parseInt(octal!, 8));
      continue;
    }
    flush();
    const char = plain ?? (letter ? escapedLetter(letter, mark) : fromCodePoint(short ?? long!));
    if (char === undefined) return undefined;
    text += char;
  }
  flush();
  return length === body.length ? text : undefined;
}

function escapedLetter(letter: string, mark: string): string | undefined {
  if (letter === mark) return letter;
  return SIMPLE_ESCAPES.get(letter);
}

function fromCodePoint(hex: string): string | undefined {
  const point = Number.parseInt(hex, 16);
  return point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? undefined : String.fromCodePoint(point);
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
