import { digitValue, isAlphanumeric, isDigit } from './characters.ts';

const [PLUS, MINUS, DOT, UNDERSCORE] = [43, 45, 46, 95];

/** How far a number or duration reaches. */
export interface Scan {
  readonly valid: boolean;
  /** The first unit that was not looked at, or, of what is invalid, the end of what the message quotes. */
  readonly end: number;
}

const isExponent = (code: number) => code === 101 || code === 69;

/**
 * The longest number at `start`: decimal, hexadecimal, octal, with exponent, with `_` between digits. What follows it
 * must not be a letter. The value may still be none (`1e`): that is for whoever converts it.
 */
export function scanNumber(text: string, start: number): Scan {
  let end = start;
  let isHex = false;
  if (text.charCodeAt(end) === 48) {
    end++;
    if (text[end] === 'x' || text[end] === 'X') {
      isHex = true;
      end++;
      if (text.charCodeAt(end) === UNDERSCORE) end++;
    }
  }
  const isNumeral = (code: number) => (isHex ? digitValue(code) < 16 : isDigit(code));
  const forbidden = (code: number) => code === DOT || code === UNDERSCORE || isExponent(code);
  if (text.charCodeAt(end) === DOT) end++;
  if (isNumeral(text.charCodeAt(end))) end++;
  let hasDot = false;
  let hasExponent = false;
  for (;;) {
    const code = text.charCodeAt(end);
    if (code === DOT) {
      if (hasDot) return { valid: false, end: end + 1 };
      hasDot = true;
      end++;
      const next = text.charCodeAt(end);
      if (next === DOT || next === UNDERSCORE) return { valid: false, end: end + 1 };
      if (isHex) return { valid: false, end };
    } else if (isExponent(code)) {
      if (hasExponent) return { valid: false, end: end + 1 };
      hasExponent = true;
      end++;
      const sign = text.charCodeAt(end);
      if (sign === PLUS || sign === MINUS) end++;
      if (forbidden(text.charCodeAt(end))) return { valid: false, end: end + 1 };
      if (end >= text.length) return { valid: false, end };
    } else if (code === UNDERSCORE) {
      end++;
      if (forbidden(text.charCodeAt(end))) return { valid: false, end: end + 1 };
      if (end >= text.length) return { valid: false, end };
    } else if (isNumeral(code)) {
      while (isNumeral(text.charCodeAt(end))) end++;
    } else {
      return { valid: !isAlphanumeric(code), end };
    }
  }
}

/** The rest of a duration whose first number ends at `start`. */
export function scanDurationRest(text: string, start: number): Scan {
  const oneOf = (units: string, index: number) => index < text.length && units.includes(text[index]!);
  let end = start;
  if (!oneOf('smhdwy', end)) return { valid: false, end };
  end++;
  if (text[end] === 's') end++;
  while (isDigit(text.charCodeAt(end))) {
    while (isDigit(text.charCodeAt(end))) end++;
    if (!oneOf('smhdw', end)) return { valid: false, end };
    end++;
    if (text[end] === 's') end++;
  }
  const valid = !isAlphanumeric(text.charCodeAt(end));
  return { valid, end: valid ? end : end + 1 };
}
